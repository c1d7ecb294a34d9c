package config

import (
	"maps"
	"slices"
)

// modelTypes are the model types known by name, from the family files.
var modelTypes = index(typeGroups)

var typeGroups = [][]ModelType{
	llamaTypes, qwenTypes, gemmaTypes, gemma3nTypes, gptOssTypes, mlaTypes, recurrentTypes, otherTypes, configTypes, mlxTypes,
}

// TypeOf is Hugging Face's name of a llama.cpp family: the first model
// type listed for it.
func TypeOf(family string) string {
	for _, group := range typeGroups {
		for _, t := range group {
			if t.Family == family && family != "" {
				return t.Name
			}
		}
	}
	return ""
}

func index(groups [][]ModelType) map[string]*ModelType {
	byName := map[string]*ModelType{}
	for _, group := range groups {
		for i := range group {
			byName[group[i].Name] = &group[i]
		}
	}
	return byName
}

// Types are the model types known by name, in no order.
func Types() []*ModelType { return slices.Collect(maps.Values(modelTypes)) }
