package portal

import (
	"testing"

	"github.com/verigate/verigate/verify"
)

// FuzzDecodeAnswer: whatever a portal sends, what is let through survives encoding.
func FuzzDecodeAnswer(f *testing.F) {
	f.Add([]byte(`{"maKetQua":"000","ghiChu":"Thẻ còn giá trị sử dụng!","maThe":"GD4010000000001","ngaySinh":"1980","gioiTinh":"Nữ","gtTheTu":"01/01/2026"}`))
	f.Add([]byte(`{"maKetQua":"003","maThe":"0000000001","maTheMoi":"HT3010000000001","gtTheTuMoi":"01/01/2027"}`))
	f.Add([]byte(`{"maKetQua":"050","ghiChu":null,"maThe":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		told, _, err := decodeAnswer(body)
		if err != nil {
			return
		}
		b, err := told.AppendBinary(nil)
		if err != nil {
			return // longer than we keep: garbled
		}
		var again verify.Told
		if err := again.Decode(b); err != nil {
			t.Fatal(err)
		}
		if again.Status != told.Status || string(again.Note) != string(told.Note) {
			t.Fatal("what was told has changed")
		}
	})
}
