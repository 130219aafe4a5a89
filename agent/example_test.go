package agent_test

import (
	"context"
	"fmt"
	"os"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
)

const shop = `
[site]
id = "corner-shop"
[[sensor]]
name = "button"
model = "contact"
line = "GPIO17"
pull = "up"
[[point]]
id = "call-1"
class = "call_point"
from = "button"
[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"
[page]
listen = "off"
`

// An agent with a call point and a siren on a simulated board. On a real one, Board is board.Host()
// of package drivers/board.
func ExampleNew() {
	dir, _ := os.MkdirTemp("", "firepost")
	defer os.RemoveAll(dir)
	machine, sounds := board.New(board.Options{}), make(chan bool, 8)
	machine.Pin("GPIO5").OnChange(func(c board.Change) { sounds <- c.High })

	s, err := site.Parse("shop.toml", []byte(shop))
	if err != nil {
		fmt.Println(err) // every mistake, with its line
		return
	}
	a, err := agent.New(s, agent.Options{Board: machine, Dir: dir, Sim: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()

	fmt.Println("siren:", <-sounds)    // opened at rest
	machine.Pin("GPIO17").Drive(false) // somebody presses the button
	fmt.Println("siren:", <-sounds)    // and it sounds
	stop()
	fmt.Println("ended:", <-ended)
	high, _ := machine.Pin("GPIO5").Driven()
	fmt.Println("siren:", high) // an alarm outlives the program

	// Output:
	// siren: false
	// siren: true
	// ended: <nil>
	// siren: true
}
