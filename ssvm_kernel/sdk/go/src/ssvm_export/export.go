// Package ssvm_export gives functions that Python calls with texts, bytes and arrays.
//
//	import "ssvm_export"
//
//	//ssvm:export greet(name: string) -> string
//	//go:wasmexport greet
//	func greet(name string) ssvm_export.Value { return ssvm_export.Text("hello " + name) }
//
//	//ssvm:export mean(values: [f64]) -> f64
//	//go:wasmexport mean
//	func mean(values *float64, count uint32) float64 {
//		sum := 0.0
//		for _, value := range ssvm_export.List(values, count) {
//			sum += value
//		}
//		return sum / float64(count)
//	}
//
// In Python: ssvm["NAME"].mean([1, 2, 3]). The first comment is what Python knows of the function. The types are i8 to
// i64, u8 to u64, f32, f64, bool; string (UTF-8), bytes, and lists of numbers such as [f64]. A text comes as a string, the
// others as a pointer and how many elements there are.
package ssvm_export

import "unsafe"

// Value is a text, bytes or a list, as a function returns it.
type Value = uint64

// Number is what lists are of.
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// The memory that the caller has; in words, so that every number in it lies as it should.
var lent = map[unsafe.Pointer][]uint64{}

//go:wasmexport ssvm_alloc
func alloc(size uint32) unsafe.Pointer {
	words := make([]uint64, max(1, (int(size)+7)/8))
	at := unsafe.Pointer(unsafe.SliceData(words))
	lent[at] = words
	return at
}

//go:wasmexport ssvm_free
func free(at unsafe.Pointer, size uint32) {
	delete(lent, at)
}

// Text returns a copy of a text, which belongs to the caller.
func Text(text string) Value {
	return Give(unsafe.Slice(unsafe.StringData(text), len(text)))
}

// Give returns a copy of items, which belongs to the caller.
func Give[T Number](items []T) Value {
	var zero T
	at := alloc(uint32(len(items)) * uint32(unsafe.Sizeof(zero)))
	copy(unsafe.Slice((*T)(at), len(items)), items)
	return Value(uintptr(at))<<32 | Value(len(items))
}

// List returns the elements of an argument.
func List[T Number](at *T, count uint32) []T {
	return unsafe.Slice(at, count)
}
