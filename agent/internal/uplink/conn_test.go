package uplink

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// What the client would choke on ends the connection before the client sees it: lengths of
// megabytes, and a SUBACK with more results than were asked for. It does not matter how the bytes
// are cut.
func TestFrameRefusesWhatTheClientChokesOn(t *testing.T) {
	rows := []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"CONNACK", []byte{0x20, 2, 0, 0}, true},
		{"SUBACK of one topic", []byte{0x90, 3, 0, 1, 1}, true},
		{"SUBACK of two topics", []byte{0x90, 4, 0, 1, 1, 1}, false},
		{"SUBACK without result", []byte{0x90, 2, 0, 1}, false},
		{"two packets", []byte{0xd0, 0, 0x40, 2, 0, 9}, true},
		{"PUBLISH of 200 bytes", append([]byte{0x32, 0xc8, 0x01}, make([]byte, 200)...), true},
		{"PUBLISH of 256 MB", []byte{0x32, 0xff, 0xff, 0xff, 0x7f}, false},
		{"length without end", []byte{0x32, 0xff, 0xff, 0xff, 0xff}, false},
		{"PINGRESP with 1 MB", []byte{0xd0, 0x80, 0x80, 0x40}, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var whole, bytewise frame
			if err := whole.feed(row.b); (err == nil) != row.ok {
				t.Errorf("in one piece: got %v, want ok %t", err, row.ok)
			}
			var err error
			for i := 0; i < len(row.b) && err == nil; i++ {
				err = bytewise.feed(row.b[i : i+1])
			}
			if (err == nil) != row.ok {
				t.Errorf("byte by byte: got %v, want ok %t", err, row.ok)
			}
		})
	}
}

// Whatever a broker sends, the frame never panics, and what it lets through never makes the
// client's reader allocate more than the limit or panic.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{0x20, 2, 0, 0, 0x90, 3, 0, 1, 1})
	f.Add([]byte{0x32, 0xff, 0xff, 0xff, 0x7f, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		near, far := net.Pipe()
		go func() {
			far.Write(b)
			far.Close()
		}()
		c := &conn{Conn: near, raw: near, end: func(error) {}}
		defer c.Close()
		for {
			p, err := packets.ReadPacket(c)
			if err != nil {
				return
			}
			if ack, ok := p.(*packets.SubackPacket); ok && len(ack.ReturnCodes) != 1 {
				t.Fatalf("SUBACK with %d results", len(ack.ReturnCodes))
			}
		}
	})
}

// pipeTo is a network whose far ends are served by serve.
func pipeTo(serve func(net.Conn)) Broker {
	return Broker{URL: "mqtt://broker", ClientID: "fp",
		network: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go serve(far)
			return closedConn{near}, nil
		}}
}

// closedConn says after Close what TCP says; the client goes by these words.
type closedConn struct{ net.Conn }

func (c closedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = net.ErrClosed
	}
	return n, err
}

// A broker that takes the connection and says nothing costs 15 s, not more, and leaves nothing
// behind; the end of the context costs nothing.
func TestSilentBrokerFailsTheDial(t *testing.T) {
	serves := map[string]func(net.Conn){
		"reads": func(c net.Conn) { io.Copy(io.Discard, c) },
		"does not even read": func(c net.Conn) {
			time.Sleep(time.Minute)
			c.Close()
		},
	}
	for name, serve := range serves {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := PahoDial(pipeTo(serve))(t.Context(), Opening{})
				if d := time.Since(began); !errors.Is(err, ErrBroken) || d > connectTimeout {
					t.Errorf("got %v after %v, want ErrBroken within 15 s", err, d)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began = time.Now()
				_, err = PahoDial(pipeTo(serve))(ctx, Opening{})
				if d := time.Since(began); err == nil || d > time.Second {
					t.Errorf("got %v after %v, want an error after 1 s", err, d)
				}
				time.Sleep(2 * time.Minute) // until the broker's side has ended too
			})
		})
	}
}

// greet answers CONNECT and each SUBSCRIBE with result, then leaves the connection to the caller.
func greet(c net.Conn, topics int, result byte) {
	packets.ReadPacket(c)
	packets.NewControlPacket(packets.Connack).Write(c)
	for range topics {
		p, err := packets.ReadPacket(c)
		sub, ok := p.(*packets.SubscribePacket)
		if err != nil || !ok {
			return
		}
		ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		ack.MessageID, ack.ReturnCodes = sub.MessageID, []byte{result}
		ack.Write(c)
	}
}

// An idle line that died is noticed by the pings, although their writes may block: the client
// gives them no deadline, the connection does.
func TestDeadIdleLineIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := pipeTo(func(c net.Conn) {
			greet(c, 1, 1)
			time.Sleep(10 * time.Minute) // reads nothing more
			c.Close()
		})
		l, err := PahoDial(b)(t.Context(), Opening{Topics: []string{"x"}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-l.Lost()
		if d := time.Since(began); d > time.Minute {
			t.Errorf("noticed after %v, want at most 1 min", d)
		}
		if err := l.Close(); !errors.Is(err, ErrBroken) {
			t.Errorf("reason: got %v, want ErrBroken", err)
		}
		time.Sleep(10 * time.Minute) // until the broker's side has ended too
	})
}

// A broker that refuses a subscription has refused the station: without its commands and receipts
// it must not look connected.
func TestRefusedSubscriptionIsARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := pipeTo(func(c net.Conn) { greet(c, 1, 0x80) })
		_, err := PahoDial(b)(t.Context(), Opening{Topics: []string{"x"}})
		if !errors.Is(err, ErrRefused) {
			t.Errorf("got %v, want ErrRefused", err)
		}
	})
}

// The answers to CONNECT fall into the classes that the back-off knows. An answer outside of the
// standard leaves the client believing in a dead connection; the dial must not.
func TestConnackCodesHaveTheirClass(t *testing.T) {
	rows := map[byte]error{1: ErrRefused, 2: ErrRefused, 3: ErrBroken, 4: ErrRefused, 5: ErrRefused,
		66: ErrBroken}
	for code, want := range rows {
		synctest.Test(t, func(t *testing.T) {
			b := pipeTo(func(c net.Conn) {
				packets.ReadPacket(c)
				ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
				ack.ReturnCode = code
				ack.Write(c)
				io.Copy(io.Discard, c)
			})
			_, err := PahoDial(b)(t.Context(), Opening{Topics: []string{"x"}})
			if !errors.Is(err, want) {
				t.Errorf("CONNACK %d: got %v, want %v", code, err, want)
			}
		})
	}
}

// Two hundred connections, each killed from one side or the other with messages on their way,
// leave no goroutine behind.
func TestConnectionsLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kill := make(chan struct{})
		b := pipeTo(func(c net.Conn) {
			greet(c, 2, 1)
			go io.Copy(io.Discard, c)
			<-kill
			c.Close()
		})
		before := runtime.NumGoroutine()
		for i := range 200 {
			l, err := PahoDial(b)(t.Context(), Opening{Topics: []string{"x", "y"}})
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				l.Publish(Message{Topic: "a", Payload: []byte("b")})
			}
			if i%2 == 0 {
				kill <- struct{}{}
				<-l.Lost()
			}
			l.Close()
			if i%2 == 1 {
				kill <- struct{}{}
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if after := runtime.NumGoroutine(); after > before {
			t.Errorf("goroutines: %d before, %d after", before, after)
		}
	})
}

// doneToken is the token of message 7, completed without an error.
type doneToken struct{}

func (doneToken) MessageID() uint16 { return 7 }

func (doneToken) Wait() bool                     { return true }
func (doneToken) WaitTimeout(time.Duration) bool { return true }
func (doneToken) Error() error                   { return nil }
func (doneToken) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// A token that completes without an error is not enough: the client's store must have seen the
// PUBACK of that very message, once.
func TestTokenWithoutPubackIsNotBelieved(t *testing.T) {
	l := newPahoLink(nil)
	done := make(chan error, 1)
	l.confirm(doneToken{}, done)
	if err := <-done; !errors.Is(err, ErrBroken) {
		t.Errorf("got %v, want ErrBroken", err)
	}
	s := l.store
	s.Open()
	s.Put(outKey(7), packets.NewControlPacket(packets.Publish))
	s.Del(outKey(7))
	l.confirm(doneToken{}, done)
	if err := <-done; err != nil {
		t.Errorf("with its PUBACK: got %v", err)
	}
	s.Del(outKey(7)) // a PUBACK for nothing
	if s.take(7) {
		t.Errorf("a PUBACK that nobody waited for was believed")
	}
	p := packets.NewControlPacket(packets.Publish)
	s.Put(outKey(7), p)
	if s.take(7) {
		t.Errorf("believed before the PUBACK")
	}
	s.Del(outKey(7))
	if !s.take(7) || s.take(7) {
		t.Errorf("a PUBACK must count once")
	}
}

// The client takes the write deadline away when a message is out; a ping that hangs at the same
// moment must still end.
func TestWriteDeadlineCannotBeTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		c := &conn{Conn: near, raw: near, end: func(error) {}}
		defer c.Close()
		done := make(chan error)
		began := time.Now()
		go func() {
			_, err := c.Write([]byte("ping")) // nobody reads
			done <- err
		}()
		synctest.Wait()
		if err := c.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err == nil || time.Since(began) != writeTimeout {
			t.Errorf("got %v after %v, want an error after %v", err, time.Since(began), writeTimeout)
		}
	})
}

// resetConn is a TLS connection whose other side sent an alert and then reset it.
type resetConn struct{ net.Conn }

func (resetConn) Write([]byte) (int, error) { return 0, syscall.ECONNRESET }
func (resetConn) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}
}

// A certificate that is refused after the handshake is a refusal, even when the reset overtakes
// the alert.
func TestAlertIsFoundBehindTheReset(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := &conn{Conn: resetConn{near}, raw: near, end: func(error) {}}
	defer c.Close()
	if _, err := c.Write([]byte("CONNECT")); !errors.Is(classify(err), ErrRefused) {
		t.Errorf("got %v, want ErrRefused", classify(err))
	}
	if _, err := c.Write([]byte("PUBLISH")); errors.Is(classify(err), ErrRefused) {
		t.Errorf("a reset later on was taken for a refusal: %v", classify(err))
	}
}

// A link takes a bounded number of messages, and drops what the courier does not fetch.
func TestLinkIsBounded(t *testing.T) {
	l := newPahoLink(nil) // nobody pumps
	for range maxOut {
		l.Publish(Message{})
	}
	select {
	case err := <-l.Publish(Message{}):
		if !errors.Is(err, ErrBroken) {
			t.Errorf("got %v, want ErrBroken", err)
		}
	default:
		t.Errorf("took more than %d messages", maxOut)
	}
}
