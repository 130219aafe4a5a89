package uplink

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// badClient, badToken and badMessage are parts of a client that breaks its promises.
type badClient struct {
	mqtt.Client
	token mqtt.Token // of Publish; nil: Publish panics
}

func (c badClient) Publish(string, byte, bool, any) mqtt.Token {
	if c.token == nil {
		panic("store")
	}
	return c.token
}
func (badClient) Disconnect(uint) {}

type badToken struct{ doneToken }

func (badToken) Error() error { panic("token") }

type badMessage struct{ mqtt.Message }

func (badMessage) Ack()          { panic("puback") }
func (badMessage) Topic() string { panic("topic") }

// A panic of the MQTT client in one of the link's goroutines costs the connection, not the process
// that sounds the siren.
func TestPanicOfTheClientCostsTheConnectionOnly(t *testing.T) {
	rows := []struct {
		name, says string
		client     badClient
		do         func(l *pahoLink)
	}{
		{"publish", "store", badClient{}, func(l *pahoLink) { l.Publish(Message{Topic: "a"}) }},
		{"confirm", "token", badClient{token: badToken{}}, func(l *pahoLink) {
			l.Publish(Message{Topic: "a"})
		}},
		{"puback", "puback", badClient{}, func(l *pahoLink) { l.acks <- badMessage{} }},
		{"receive", "topic", badClient{}, func(l *pahoLink) { go l.receive(nil, badMessage{}) }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPahoLink(slog.New(slog.DiscardHandler))
				l.client = row.client
				go l.pump()
				row.do(l)
				synctest.Wait()
				select {
				case <-l.Lost():
				default:
					t.Errorf("the connection is not lost")
				}
				err := l.Close()
				if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), row.says) {
					t.Errorf("got %v, want the panic as ErrBroken", err)
				}
			})
		})
	}
}
