// A management client on the Go library that Debian packages: asks, subscribes, and prints whatever comes.
package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/apparentlymart/go-openvpn-mgmt/openvpn"
)

func main() {
	conn, err := net.Dial("unix", os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	events := make(chan openvpn.Event, 100)
	client := openvpn.NewClient(conn, events)
	pid, err := client.Pid()
	fmt.Println("pid", pid, err)
	state, err := client.LatestState()
	fmt.Println("state", state.NewState(), state.LocalTunnelAddr(), err)
	fmt.Println("subscribed", client.SetStateEvents(true), client.SetByteCountEvents(time.Second))
	for event := range events {
		fmt.Printf("%T %s\n", event, event)
	}
}
