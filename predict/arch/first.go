package arch

// ShareCaches lets the layers from own on read the cache of the last layer
// before it that has the same kind of window.
func ShareCaches(layers []Layer, own int) {
	from := map[bool]int{}
	for i := range layers {
		a := layers[i].Attention
		if a == nil {
			continue
		}
		windowed := a.Window > 0
		if i < own {
			from[windowed] = i
		} else if source, ok := from[windowed]; ok {
			a.SharedFrom = &source
		}
	}
}

// FirstAttention is the first attention layer's part, nil in a recurrent model.
func (f *Facts) FirstAttention() *Attention {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil {
			return a
		}
	}
	return nil
}

// FirstRecurrent is the first recurrent layer's part, nil in a pure attention model.
func (f *Facts) FirstRecurrent() *Recurrent {
	for i := range f.Layers {
		if r := f.Layers[i].Recurrent; r != nil {
			return r
		}
	}
	return nil
}

// FirstExperts is the first routed layer's mixture, nil in a dense model.
func (f *Facts) FirstExperts() *Experts {
	for i := range f.Layers {
		if ff := f.Layers[i].FeedForward; ff != nil && ff.Experts != nil {
			return ff.Experts
		}
	}
	return nil
}

// Window is the window of the windowed layers, 0 where there is none.
func (f *Facts) Window() int64 {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil && a.Window > 0 {
			return a.Window
		}
	}
	return 0
}
