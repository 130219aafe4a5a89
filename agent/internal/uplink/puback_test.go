package uplink

import (
	"io"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// mutePipe is a broker that takes every message and confirms none, until kill is closed; a
// connection after that lives on.
func mutePipe(topics int, kill <-chan struct{}) Broker {
	return pipeTo(func(c net.Conn) {
		greet(c, topics, 1)
		go io.Copy(io.Discard, c)
		<-kill
		c.Close()
	})
}

// Why a client is never kept over a loss: one that reconnects by itself reports messages as
// delivered that no broker has confirmed. Should this test fail one day, the client has changed.
func TestReconnectingClientConfirmsWhatNobodyHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kill := make(chan struct{})
		end := make(chan struct{})
		first := true
		o := mqtt.NewClientOptions().SetClientID("fp").SetProtocolVersion(4).
			SetCleanSession(true).SetAutoReconnect(true)
		o.Servers = []*url.URL{{Scheme: "mqtt", Host: "broker"}}
		o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
			until := end
			if first {
				first, until = false, kill
			}
			return mutePipe(0, until).network(t.Context(), "tcp", "broker")
		})
		client := mqtt.NewClient(o)
		if token := client.Connect(); !token.WaitTimeout(time.Minute) || token.Error() != nil {
			t.Fatal(token.Error())
		}
		token := client.Publish("a", 1, false, "b")
		settle(time.Second)
		close(kill)
		settle(time.Minute)
		select {
		case <-token.Done():
			if token.Error() != nil {
				t.Errorf("the client reports %v; it used to report success", token.Error())
			}
		default:
			t.Errorf("the client still waits; it used to report success")
		}
		client.Disconnect(0)
		close(end)
		settle(time.Minute)
	})
}

// The end of a connection confirms nothing that was on its way.
func TestLossConfirmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kill := make(chan struct{})
		l, err := PahoDial(mutePipe(1, kill))(t.Context(), Opening{Topics: []string{"x"}})
		if err != nil {
			t.Fatal(err)
		}
		var pending []<-chan error
		for range 20 {
			pending = append(pending, l.Publish(Message{Topic: "a"}))
		}
		settle(time.Second)
		close(kill)
		settle(time.Minute)
		for i, done := range pending {
			select {
			case err := <-done:
				if err == nil {
					t.Errorf("message %d was confirmed by nobody", i)
				}
			default:
			}
		}
		l.Close()
	})
}
