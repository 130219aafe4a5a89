package uplink

import (
	"fmt"
	"net"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Greet speaks CONNECT on a connection that is open, hears the broker's answer and says farewell.
// It subscribes to nothing and leaves no will. A session of the same client ends by it, so it must
// not be done while an agent runs with that identity. It fails with ErrRefused or ErrBroken.
func Greet(c net.Conn, clientID string, limit time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		return classify(err)
	}
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion = "MQTT", 4
	hello.CleanSession, hello.ClientIdentifier = true, clientID
	hello.Keepalive = uint16(keepAlive / time.Second)
	if err := hello.Write(c); err != nil {
		return classify(err)
	}
	p, err := packets.ReadPacket(c)
	if err != nil {
		return classify(err)
	}
	answer, ok := p.(*packets.ConnackPacket)
	if !ok {
		return fmt.Errorf("the answer to CONNECT is %v: %w", p, ErrBroken)
	}
	if answer.ReturnCode != packets.Accepted {
		return classify(packets.ConnErrors[answer.ReturnCode])
	}
	return classifyEnd(packets.NewControlPacket(packets.Disconnect).Write(c))
}

// classifyEnd lets a farewell that was not said pass for what it is.
func classifyEnd(err error) error {
	if err == nil {
		return nil
	}
	return classify(err)
}
