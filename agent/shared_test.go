package agent

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/firepost/firepost/agent/wire"
)

// Many agents that compress at once each get their own message back, whatever dictionary the one
// before them had.
func TestSharedCompressorsMixNothingUp(t *testing.T) {
	s := NewShared()
	var work sync.WaitGroup
	for i := range 50 {
		work.Go(func() {
			hello := wire.Hello{Gz: true}
			if i%2 == 0 {
				hello.Dz = []int{1}
			}
			coding := hello.Coding(fmt.Sprintf("agent %d", i))
			want := strings.Repeat(fmt.Sprintf("message of %d, ", i), 50)
			for range 20 {
				packed := s.compress(coding, []byte(want))
				if hello.Dz != nil {
					alone := new(wire.Compressor).Compress(coding, []byte(want))
					if !bytes.Equal(packed, alone) {
						t.Errorf("%d: shared and alone differ", i)
					}
					continue
				}
				r, err := gzip.NewReader(bytes.NewReader(packed))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := io.ReadAll(r); err != nil || string(got) != want {
					t.Errorf("%d: %q, %v", i, got, err)
				}
			}
		})
	}
	work.Wait()
}
