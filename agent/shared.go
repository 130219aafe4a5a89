package agent

import (
	"runtime"

	"github.com/firepost/firepost/agent/wire"
)

// Shared is what the agents of one process borrow instead of having it each: compressors, of
// 0.8 MB each. Two for each processor are enough, because nothing that is urgent is compressed. It
// is safe for concurrent use.
type Shared struct{ free chan *wire.Compressor }

// NewShared makes one for Options.Shared of several agents.
func NewShared() *Shared {
	n := 2 * runtime.GOMAXPROCS(0)
	s := &Shared{make(chan *wire.Compressor, n)}
	for range n {
		s.free <- new(wire.Compressor)
	}
	return s
}

// compress waits for a compressor that nobody uses.
func (s *Shared) compress(c wire.Coding, message []byte) []byte {
	z := <-s.free
	defer func() { s.free <- z }()
	return z.Compress(c, message)
}
