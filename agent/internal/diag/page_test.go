package diag

import (
	"reflect"
	"strings"
	"testing"
)

// Text from outside is on the page only as its escaped self, whichever field it comes in and
// whatever else is shown or absent.
func TestTextOnThePageStaysText(t *testing.T) {
	const (
		plain   = "PLAIN"
		hostile = `</p><script>alert("1")</script>' onclick='&lt;%s%d`
		escaped = `&lt;/p&gt;&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;` +
			`&#39; onclick=&#39;&amp;lt;%s%d`
	)
	_, fields := filled(plain, false, -1)
	if fields < 50 {
		t.Fatalf("got %d texts in a view, want all of them", fields)
	}
	for _, truth := range []bool{false, true} {
		for without := -1; without < fields; without++ {
			harmless, _ := filled(plain, truth, without)
			attack, _ := filled(hostile, truth, without)
			got := string(page(attack))
			want := strings.ReplaceAll(string(page(harmless)), plain, escaped)
			if got != want {
				t.Fatalf("%v, without text %d: got:\n%s\nwant:\n%s", truth, without, got, want)
			}
			if strings.Contains(got, "%!") {
				t.Fatalf("texts and places do not match:\n%s", got)
			}
		}
	}
}

// filled is a view that says text in every field and that knows one of everything, except that
// the field with number without is empty. It also counts the fields.
func filled(text string, truth bool, without int) (v view, fields int) {
	var fill func(reflect.Value)
	fill = func(f reflect.Value) {
		switch {
		case !f.CanSet(): // inside of a time
		case f.Kind() == reflect.Struct:
			for i := range f.NumField() {
				fill(f.Field(i))
			}
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			fill(f.Index(0))
		case f.Kind() == reflect.String:
			if fields != without {
				f.SetString(text)
			}
			fields++
		case f.Kind() == reflect.Bool:
			f.SetBool(truth)
		case f.CanInt():
			f.SetInt(3)
		case f.CanUint():
			f.SetUint(3)
		}
	}
	fill(reflect.ValueOf(&v).Elem())
	return v, fields
}
