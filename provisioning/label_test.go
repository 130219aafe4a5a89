package provisioning_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/firepost/firepost/provisioning"
	"github.com/firepost/firepost/provisioning/enroltest"
)

// zbarimg, which knows nothing of us, reads from the screen and from the paper what the label
// holds; the label of a claim fits a serial console.
func TestAcceptance13LabelsCanBeScanned(t *testing.T) {
	claim := enroltest.New(t).Claim()
	claim.District.Enrol = "https://enrol.district.example"
	l := &provisioning.Label{
		Title: claim.Code, Code: claim.URI(), Lines: []string{"站点：FS-0042 <East> & 东门"},
	}
	text := check(l.Terminal())
	lines := strings.Split(text, "\n")
	drawing := lines[:len(lines)-3]
	if len([]rune(drawing[0])) > 80 || len(drawing) > 25 {
		t.Errorf("the code takes %d columns and %d lines", len([]rune(drawing[0])), len(drawing))
	}
	screen := image.NewGray(image.Rect(0, 0, len([]rune(drawing[0])), 2*len(drawing)))
	for y, line := range drawing {
		for x, r := range []rune(line) {
			screen.SetGray(x, 2*y, gray(r == '█' || r == '▀'))
			screen.SetGray(x, 2*y+1, gray(r == '█' || r == '▄'))
		}
	}
	svg := check(l.SVG())
	if !strings.Contains(svg, "&lt;East&gt; &amp; 东门") || !strings.Contains(check(l.HTML()), svg) {
		t.Errorf("the label is not as it should be:\n%s", svg)
	}
	paper := image.NewGray(image.Rect(0, 0, 80, 80))
	for i := range paper.Pix {
		paper.Pix[i] = 255
	}
	for _, m := range regexp.MustCompile(`M(\d+),(\d+)h1v1h-1z`).FindAllStringSubmatch(svg, -1) {
		paper.SetGray(check(strconv.Atoi(m[1])), check(strconv.Atoi(m[2])), gray(false))
	}
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg is missing: apt-get install zbar-tools")
	}
	for name, picture := range map[string]*image.Gray{"screen": screen, "paper": paper} {
		path := filepath.Join(t.TempDir(), "label.png")
		f := check(os.Create(path))
		if err := png.Encode(f, enlarged(picture, 4)); err != nil {
			t.Fatal(err)
		}
		f.Close()
		out, err := exec.Command(zbar, "--raw", "-q", path).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != claim.URI() {
			t.Errorf("%s: zbarimg read %q, %v, want %q", name, got, err, claim.URI())
		}
	}
}

func gray(isLight bool) color.Gray {
	if isLight {
		return color.Gray{Y: 255}
	}
	return color.Gray{}
}

func enlarged(p *image.Gray, n int) *image.Gray {
	big := image.NewGray(image.Rect(0, 0, p.Rect.Dx()*n, p.Rect.Dy()*n))
	for y := range big.Rect.Dy() {
		for x := range big.Rect.Dx() {
			big.SetGray(x, y, p.GrayAt(x/n, y/n))
		}
	}
	return big
}
