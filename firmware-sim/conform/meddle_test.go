package conform

import (
	"net"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// What passes; a nil packet is none.
type (
	packet    = packets.ControlPacket
	published = packets.PublishPacket
	connected = packets.ConnectPacket
)

// meddle stands between clients and a broker, and changes or drops what passes. It returns its
// address.
func meddle(t *testing.T, url string, up, down func(packet) packet) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			broker, err := net.Dial("tcp", strings.TrimPrefix(url, "tcp://"))
			if err != nil {
				client.Close()
				return
			}
			go pass(client, broker, up)
			go pass(broker, client, down)
		}
	}()
	return "tcp://" + l.Addr().String()
}

// pass hands packets on until either end is closed, and then closes both.
func pass(from, to net.Conn, change func(packet) packet) {
	defer from.Close()
	defer to.Close()
	for {
		p, err := packets.ReadPacket(from)
		if err != nil {
			return
		}
		if change != nil {
			if p = change(p); p == nil {
				continue
			}
		}
		if p.Write(to) != nil {
			return
		}
	}
}
