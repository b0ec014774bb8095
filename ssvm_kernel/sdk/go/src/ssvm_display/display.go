// Package ssvm_display shows pictures, tables and documents in the cell, where the person who runs the guest grants it
// (--display). What is printed stays text.
//
//	if err := ssvm_display.CSV("fruit,weight\napple,120\n"); err != nil {
//		fmt.Println("no table:", err)
//	}
package ssvm_display

import "unsafe"

//go:wasmimport ssvm_display show
func show(mime string, data unsafe.Pointer, size uint32) int32

// Refusal is why something is not shown.
type Refusal int32

// The refusals.
const (
	NotGranted  Refusal = 1
	UnknownType Refusal = 2
	TooMuch     Refusal = 3
	Unusable    Refusal = 4
)

// Error says it in words.
func (refusal Refusal) Error() string {
	switch refusal {
	case NotGranted:
		return "nothing but text was granted (--display)"
	case UnknownType:
		return "no such type is shown"
	case TooMuch:
		return "it is too large, or there was too much before it"
	}
	return "it is not what its type says"
}

// Show shows data of any of the types, by its MIME type.
func Show(mime string, data []byte) error {
	if code := show(mime, unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data))); code != 0 {
		return Refusal(code)
	}
	return nil
}

// PNG shows a picture.
func PNG(data []byte) error { return Show("image/png", data) }

// SVG shows a drawing, as an image.
func SVG(text string) error { return Show("image/svg+xml", []byte(text)) }

// CSV shows a table; the first line names the columns.
func CSV(text string) error { return Show("text/csv", []byte(text)) }

// JSON shows JSON.
func JSON(text string) error { return Show("application/json", []byte(text)) }

// Markdown shows Markdown, without HTML and links.
func Markdown(text string) error { return Show("text/markdown", []byte(text)) }

// HTML shows HTML in a frame without scripts, forms and links.
func HTML(text string) error { return Show("text/html", []byte(text)) }
