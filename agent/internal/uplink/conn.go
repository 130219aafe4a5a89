package uplink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	writeTimeout = 10 * time.Second
	verdictWait  = 200 * time.Millisecond
	maxInbound   = 256 << 10 // bytes of one packet; the longest message down is a site file
)

var errFrame = errors.New("not the MQTT that was agreed")

// conn is what the MQTT client sees as the network. It gives every write a deadline, which the
// client forgets for its pings, and looks at each packet before the client does: the client
// allocates whatever length a packet claims, and a SUBACK with more results than were asked for
// makes it panic in a goroutine of its own.
//
// It reports the end of the connection at the first error of a read or a write, or at Close: the
// client is silent about some of them.
type conn struct {
	net.Conn
	raw   net.Conn // below TLS, or the same
	frame frame
	wrote bool // the first write, CONNECT, is done; nothing else writes before
	end   func(error)
	once  sync.Once
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		if bad := c.frame.feed(b[:n]); bad != nil {
			n, err = 0, bad
		}
	}
	if err != nil {
		c.end(err)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	err := c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err != nil {
		c.end(err)
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if err != nil && !c.wrote {
		err = c.verdict(err)
	}
	c.wrote = true
	if err != nil {
		c.end(err)
	}
	return n, err
}

// verdict looks for what the other side said before it hung up on our first write: with TLS 1.3 a
// certificate is refused after the handshake, and the reset may overtake the alert.
func (c *conn) verdict(err error) error {
	if c.Conn == c.raw || c.Conn.SetReadDeadline(time.Now().Add(verdictWait)) != nil {
		return err
	}
	if _, said := c.Conn.Read(make([]byte, 1)); said != nil {
		return fmt.Errorf("%w, after: %w", err, said)
	}
	return err
}

// SetWriteDeadline does nothing: the client would take the deadline of a ping away when another
// write is done.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets the deadline of reads; writes have their own.
func (c *conn) SetDeadline(t time.Time) error { return c.Conn.SetReadDeadline(t) }

// Close closes below TLS: a farewell there may wait five seconds for a dead network.
func (c *conn) Close() (err error) {
	c.once.Do(func() {
		err = c.raw.Close()
		c.end(net.ErrClosed)
	})
	return err
}

// frame follows the packets of a byte stream. The zero value is at the start of a packet.
type frame struct {
	head [5]byte // type and remaining length
	n    int     // bytes of head
	skip int     // bytes of the body that are still to come
}

const (
	packetPublish = 3
	packetSuback  = 9
	lenSuback     = 3 // each topic is subscribed in a packet of its own
)

// feed looks at the next bytes of the stream.
func (f *frame) feed(b []byte) error {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(b))
			f.skip, b = f.skip-n, b[n:]
			continue
		}
		f.head[f.n] = b[0]
		f.n, b = f.n+1, b[1:]
		if f.n == 1 || f.head[f.n-1]&0x80 != 0 && f.n < len(f.head) {
			continue
		}
		if err := f.check(); err != nil {
			return err
		}
		f.n = 0
	}
	return nil
}

// check judges a whole head and sets how much follows.
func (f *frame) check() error {
	var padded [8]byte
	copy(padded[:], f.head[1:f.n])
	size, n := binary.Uvarint(padded[:]) // the same coding: seven bits a byte, lowest first
	kind := f.head[0] >> 4
	switch {
	case n <= 0 || n > 4 || size > maxInbound:
		return fmt.Errorf("packet type %d of more than %d bytes: %w", kind, maxInbound, errFrame)
	case kind != packetPublish && size > lenSuback:
		return fmt.Errorf("packet type %d of %d bytes: %w", kind, size, errFrame)
	case kind == packetSuback && size != lenSuback:
		return fmt.Errorf("SUBACK of %d bytes, want %d: %w", size, lenSuback, errFrame)
	}
	f.skip = int(size)
	return nil
}
