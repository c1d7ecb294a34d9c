package mlx

import "strings"

// fn is the index of a function of mlx-c in a Library's address table.
type fn int

// The functions that this package calls.
const (
	fnVersion fn = iota
	fnSetErrorHandler
	fnStringNew
	fnStringData
	fnStringFree
	fnArrayNewData
	fnArraySet
	fnArrayFree
	fnArrayNbytes
	fnArrayNdim
	fnArrayDim
	fnArrayDtype
	fnArrayItemUint32
	fnArrayDataFloat32
	fnArrayDataUint32
	fnVectorNewData
	fnVectorSetData
	fnVectorNew
	fnVectorGet
	fnVectorFree
	fnMapArrayNew
	fnMapArrayGet
	fnMapArrayFree
	fnMapStringNew
	fnMapStringFree
	fnLoadSafetensors
	fnDefaultDevice
	fnDeviceNewType
	fnDeviceType
	fnDeviceFree
	fnDeviceInfoNew
	fnDeviceInfoGet
	fnDeviceInfoSize
	fnDeviceInfoString
	fnDeviceInfoFree
	fnStreamNewDevice
	fnDefaultCPUStream
	fnSynchronize
	fnEval
	fnAsyncEval
	fnClosureNew
	fnClosureNewPayload
	fnClosureApply
	fnClosureFree
	fnCompile
	fnActiveMemory
	fnPeakMemory
	fnCacheMemory
	fnResetPeakMemory
	fnClearCache
	fnSetWiredLimit
	fnAdd
	fnSubtract
	fnMultiply
	fnDivide
	fnFloorDivide
	fnPower
	fnNegative
	fnSigmoid
	fnTanh
	fnClip
	fnLogSumExp
	fnLogSumExpAxis
	fnRollAxis
	fnSumAxis
	fnSoftmaxAxis
	fnArgmaxAxis
	fnArgPartitionAxis
	fnArgSort
	fnGreater
	fnGreaterEqual
	fnLess
	fnBitwiseAnd
	fnWhere
	fnArange
	fnZeros
	fnAstype
	fnReshape
	fnTranspose
	fnTransposeAxes
	fnSwapAxes
	fnExpandDims
	fnExpandDimsAxes
	fnSqueezeAxis
	fnFlatten
	fnUnflatten
	fnConcatenateAxis
	fnStackAxis
	fnSplitSections
	fnSlice
	fnSliceUpdate
	fnTakeAxis
	fnTakeAlongAxis
	fnMatmul
	fnAddMM
	fnGatherMM
	fnQuantize
	fnDequantize
	fnQuantizedMatmul
	fnGatherQMM
	fnRMSNorm
	fnRope
	fnRopeDynamic
	fnAttention
	fnExp
	fnLog
	fnFloor
	fnSquare
	fnErfInv
	fnMaximum
	fnLogAddExp
	fnLessEqual
	fnEqual
	fnTril
	fnCumSum
	fnMeanAxis
	fnStdAxis
	fnTopKAxis
	fnPutAlongAxis
	fnContiguous
	fnView
	fnRepeatAxis
	fnBroadcastTo
	fnConv1D
	fnLayerNorm
	fnNamerNew
	fnNamerFree
	fnPrintGraph
	fnCount
)

// signatures are the declarations of the newest release, without the names and
// qualifiers of the arguments; a release's Differs has what is not so. A test
// holds them against the headers.
var signatures = [fnCount]string{
	fnVersion:          "int mlx_version(mlx_string*)",
	fnSetErrorHandler:  "void mlx_set_error_handler(mlx_error_handler_func, void*, void(*)(void*))",
	fnStringNew:        "mlx_string mlx_string_new()",
	fnStringData:       "char* mlx_string_data(mlx_string)",
	fnStringFree:       "int mlx_string_free(mlx_string)",
	fnArrayNewData:     "mlx_array mlx_array_new_data(void*, int*, int, mlx_dtype)",
	fnArraySet:         "int mlx_array_set(mlx_array*, mlx_array)",
	fnArrayFree:        "int mlx_array_free(mlx_array)",
	fnArrayNbytes:      "size_t mlx_array_nbytes(mlx_array)",
	fnArrayNdim:        "size_t mlx_array_ndim(mlx_array)",
	fnArrayDim:         "int mlx_array_dim(mlx_array, int)",
	fnArrayDtype:       "mlx_dtype mlx_array_dtype(mlx_array)",
	fnArrayItemUint32:  "int mlx_array_item_uint32(uint32_t*, mlx_array)",
	fnArrayDataFloat32: "float* mlx_array_data_float32(mlx_array)",
	fnArrayDataUint32:  "uint32_t* mlx_array_data_uint32(mlx_array)",

	fnVectorNewData:   "mlx_vector_array mlx_vector_array_new_data(mlx_array*, size_t)",
	fnVectorSetData:   "int mlx_vector_array_set_data(mlx_vector_array*, mlx_array*, size_t)",
	fnVectorNew:       "mlx_vector_array mlx_vector_array_new()",
	fnVectorGet:       "int mlx_vector_array_get(mlx_array*, mlx_vector_array, size_t)",
	fnVectorFree:      "int mlx_vector_array_free(mlx_vector_array)",
	fnMapArrayNew:     "mlx_map_string_to_array mlx_map_string_to_array_new()",
	fnMapArrayGet:     "int mlx_map_string_to_array_get(mlx_array*, mlx_map_string_to_array, char*)",
	fnMapArrayFree:    "int mlx_map_string_to_array_free(mlx_map_string_to_array)",
	fnMapStringNew:    "mlx_map_string_to_string mlx_map_string_to_string_new()",
	fnMapStringFree:   "int mlx_map_string_to_string_free(mlx_map_string_to_string)",
	fnLoadSafetensors: "int mlx_load_safetensors(mlx_map_string_to_array*, mlx_map_string_to_string*, char*, mlx_stream)",

	fnDefaultDevice:    "int mlx_get_default_device(mlx_device*)",
	fnDeviceNewType:    "mlx_device mlx_device_new_type(mlx_device_type, int)",
	fnDeviceType:       "int mlx_device_get_type(mlx_device_type*, mlx_device)",
	fnDeviceFree:       "int mlx_device_free(mlx_device)",
	fnDeviceInfoNew:    "mlx_device_info mlx_device_info_new()",
	fnDeviceInfoGet:    "int mlx_device_info_get(mlx_device_info*, mlx_device)",
	fnDeviceInfoSize:   "int mlx_device_info_get_size(size_t*, mlx_device_info, char*)",
	fnDeviceInfoString: "int mlx_device_info_get_string(char**, mlx_device_info, char*)",
	fnDeviceInfoFree:   "int mlx_device_info_free(mlx_device_info)",
	fnStreamNewDevice:  "mlx_stream mlx_stream_new_device(mlx_device)",
	fnDefaultCPUStream: "mlx_stream mlx_default_cpu_stream_new()",
	fnSynchronize:      "int mlx_synchronize(mlx_stream)",

	fnEval:              "int mlx_eval(mlx_vector_array)",
	fnAsyncEval:         "int mlx_async_eval(mlx_vector_array)",
	fnClosureNew:        "mlx_closure mlx_closure_new()",
	fnClosureNewPayload: "mlx_closure mlx_closure_new_func_payload(int(*)(mlx_vector_array*,mlx_vector_array,void*), void*, void(*)(void*))",
	fnClosureApply:      "int mlx_closure_apply(mlx_vector_array*, mlx_closure, mlx_vector_array)",
	fnClosureFree:       "int mlx_closure_free(mlx_closure)",
	fnCompile:           "int mlx_compile(mlx_closure*, mlx_closure, bool)",

	fnActiveMemory:    "int mlx_get_active_memory(size_t*)",
	fnPeakMemory:      "int mlx_get_peak_memory(size_t*)",
	fnCacheMemory:     "int mlx_get_cache_memory(size_t*)",
	fnResetPeakMemory: "int mlx_reset_peak_memory()",
	fnClearCache:      "int mlx_clear_cache()",
	fnSetWiredLimit:   "int mlx_set_wired_limit(size_t*, size_t)",

	fnAdd:              "int mlx_add(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnSubtract:         "int mlx_subtract(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnMultiply:         "int mlx_multiply(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnDivide:           "int mlx_divide(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnFloorDivide:      "int mlx_floor_divide(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnPower:            "int mlx_power(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnNegative:         "int mlx_negative(mlx_array*, mlx_array, mlx_stream)",
	fnSigmoid:          "int mlx_sigmoid(mlx_array*, mlx_array, mlx_stream)",
	fnTanh:             "int mlx_tanh(mlx_array*, mlx_array, mlx_stream)",
	fnClip:             "int mlx_clip(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_stream)",
	fnLogSumExp:        "int mlx_logsumexp(mlx_array*, mlx_array, bool, mlx_stream)",
	fnLogSumExpAxis:    "int mlx_logsumexp_axis(mlx_array*, mlx_array, int, bool, mlx_stream)",
	fnRollAxis:         "int mlx_roll_axis(mlx_array*, mlx_array, int*, size_t, int, mlx_stream)",
	fnSumAxis:          "int mlx_sum_axis(mlx_array*, mlx_array, int, bool, mlx_stream)",
	fnSoftmaxAxis:      "int mlx_softmax_axis(mlx_array*, mlx_array, int, bool, mlx_stream)",
	fnArgmaxAxis:       "int mlx_argmax_axis(mlx_array*, mlx_array, int, bool, mlx_stream)",
	fnArgPartitionAxis: "int mlx_argpartition_axis(mlx_array*, mlx_array, int, int, mlx_stream)",
	fnArgSort:          "int mlx_argsort(mlx_array*, mlx_array, mlx_stream)",
	fnGreater:          "int mlx_greater(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnGreaterEqual:     "int mlx_greater_equal(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnLess:             "int mlx_less(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnBitwiseAnd:       "int mlx_bitwise_and(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnWhere:            "int mlx_where(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_stream)",
	fnArange:           "int mlx_arange(mlx_array*, double, double, double, mlx_dtype, mlx_stream)",
	fnZeros:            "int mlx_zeros(mlx_array*, int*, size_t, mlx_dtype, mlx_stream)",

	fnAstype:          "int mlx_astype(mlx_array*, mlx_array, mlx_dtype, mlx_stream)",
	fnReshape:         "int mlx_reshape(mlx_array*, mlx_array, int*, size_t, mlx_stream)",
	fnTranspose:       "int mlx_transpose(mlx_array*, mlx_array, mlx_stream)",
	fnTransposeAxes:   "int mlx_transpose_axes(mlx_array*, mlx_array, int*, size_t, mlx_stream)",
	fnSwapAxes:        "int mlx_swapaxes(mlx_array*, mlx_array, int, int, mlx_stream)",
	fnExpandDims:      "int mlx_expand_dims(mlx_array*, mlx_array, int, mlx_stream)",
	fnExpandDimsAxes:  "int mlx_expand_dims_axes(mlx_array*, mlx_array, int*, size_t, mlx_stream)",
	fnSqueezeAxis:     "int mlx_squeeze_axis(mlx_array*, mlx_array, int, mlx_stream)",
	fnFlatten:         "int mlx_flatten(mlx_array*, mlx_array, int, int, mlx_stream)",
	fnUnflatten:       "int mlx_unflatten(mlx_array*, mlx_array, int, int*, size_t, mlx_stream)",
	fnConcatenateAxis: "int mlx_concatenate_axis(mlx_array*, mlx_vector_array, int, mlx_stream)",
	fnStackAxis:       "int mlx_stack_axis(mlx_array*, mlx_vector_array, int, mlx_stream)",
	fnSplitSections:   "int mlx_split_sections(mlx_vector_array*, mlx_array, int*, size_t, int, mlx_stream)",
	fnSlice:           "int mlx_slice(mlx_array*, mlx_array, int*, size_t, int*, size_t, int*, size_t, mlx_stream)",
	fnSliceUpdate:     "int mlx_slice_update(mlx_array*, mlx_array, mlx_array, int*, size_t, int*, size_t, int*, size_t, mlx_stream)",
	fnTakeAxis:        "int mlx_take_axis(mlx_array*, mlx_array, mlx_array, int, mlx_stream)",
	fnTakeAlongAxis:   "int mlx_take_along_axis(mlx_array*, mlx_array, mlx_array, int, mlx_stream)",

	fnMatmul:   "int mlx_matmul(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnAddMM:    "int mlx_addmm(mlx_array*, mlx_array, mlx_array, mlx_array, float, float, mlx_stream)",
	fnGatherMM: "int mlx_gather_mm(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_array, bool, mlx_stream)",
	fnQuantize: "int mlx_quantize(mlx_vector_array*, mlx_array, mlx_optional_int, mlx_optional_int, char*, mlx_array, mlx_stream)",
	fnDequantize: "int mlx_dequantize(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_optional_int, mlx_optional_int, char*, " +
		"mlx_array, mlx_optional_dtype, mlx_stream)",
	fnQuantizedMatmul: "int mlx_quantized_matmul(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_array, bool, mlx_optional_int, " +
		"mlx_optional_int, char*, mlx_stream)",
	fnGatherQMM: "int mlx_gather_qmm(mlx_array*, mlx_array, mlx_array, mlx_array, mlx_array, mlx_array, mlx_array, bool, " +
		"mlx_optional_int, mlx_optional_int, char*, bool, mlx_stream)",
	fnRMSNorm: "int mlx_fast_rms_norm(mlx_array*, mlx_array, mlx_array, float, mlx_stream)",
	fnRope:    "int mlx_fast_rope(mlx_array*, mlx_array, int, bool, mlx_optional_float, float, int, mlx_array, mlx_stream)",
	fnRopeDynamic: "int mlx_fast_rope_dynamic(mlx_array*, mlx_array, int, bool, mlx_optional_float, float, mlx_array, mlx_array, " +
		"mlx_stream)",
	fnAttention: "int mlx_fast_scaled_dot_product_attention(mlx_array*, mlx_array, mlx_array, mlx_array, float, char*, mlx_array, " +
		"mlx_array, bool, mlx_stream)",

	fnExp:          "int mlx_exp(mlx_array*, mlx_array, mlx_stream)",
	fnLog:          "int mlx_log(mlx_array*, mlx_array, mlx_stream)",
	fnFloor:        "int mlx_floor(mlx_array*, mlx_array, mlx_stream)",
	fnSquare:       "int mlx_square(mlx_array*, mlx_array, mlx_stream)",
	fnErfInv:       "int mlx_erfinv(mlx_array*, mlx_array, mlx_stream)",
	fnMaximum:      "int mlx_maximum(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnLogAddExp:    "int mlx_logaddexp(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnLessEqual:    "int mlx_less_equal(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnEqual:        "int mlx_equal(mlx_array*, mlx_array, mlx_array, mlx_stream)",
	fnTril:         "int mlx_tril(mlx_array*, mlx_array, int, mlx_stream)",
	fnCumSum:       "int mlx_cumsum_axis(mlx_array*, mlx_array, int, bool, bool, mlx_optional_dtype, mlx_stream)",
	fnMeanAxis:     "int mlx_mean_axis(mlx_array*, mlx_array, int, bool, mlx_stream)",
	fnStdAxis:      "int mlx_std_axis(mlx_array*, mlx_array, int, bool, int, mlx_stream)",
	fnTopKAxis:     "int mlx_topk_axis(mlx_array*, mlx_array, int, int, mlx_stream)",
	fnPutAlongAxis: "int mlx_put_along_axis(mlx_array*, mlx_array, mlx_array, mlx_array, int, mlx_stream)",
	fnView:         "int mlx_view(mlx_array*, mlx_array, mlx_dtype, mlx_stream)",
	fnContiguous:   "int mlx_contiguous(mlx_array*, mlx_array, bool, mlx_stream)",
	fnRepeatAxis:   "int mlx_repeat_axis(mlx_array*, mlx_array, int, int, mlx_stream)",
	fnBroadcastTo:  "int mlx_broadcast_to(mlx_array*, mlx_array, int*, size_t, mlx_stream)",
	fnConv1D:       "int mlx_conv1d(mlx_array*, mlx_array, mlx_array, int, int, int, int, mlx_stream)",
	fnLayerNorm:    "int mlx_fast_layer_norm(mlx_array*, mlx_array, mlx_array, mlx_array, float, mlx_stream)",

	fnNamerNew:   "mlx_node_namer mlx_node_namer_new()",
	fnNamerFree:  "int mlx_node_namer_free(mlx_node_namer)",
	fnPrintGraph: "int mlx_print_graph(FILE*, mlx_node_namer, mlx_vector_array)",
}

// symbol is the name in the newest release's signature.
func (f fn) symbol() string { return symbolIn(signatures[f]) }

func symbolIn(signature string) string {
	head, _, _ := strings.Cut(signature, "(")
	return head[strings.LastIndexByte(head, ' ')+1:]
}
