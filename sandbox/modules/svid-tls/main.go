// Command svid-tls is a workload of two trust domains' tests: over TCP with mutual TLS, by the X.509-SVID and the bundles that
// the Workload API gives it, it learns who its peer is.
//
//	svid-tls serve ADDRESS PEER_ID
//	svid-tls call ADDRESS PEER_ID
//
// A server goes on until it is ended, and prints a line for each peer that it refuses. A caller prints what the server says
// of it, or ends with 1. Both refuse every peer but PEER_ID. SPIFFE_ENDPOINT_SOCKET is the Workload API's.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

const timeout = 10 * time.Second

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: svid-tls serve|call ADDRESS PEER_ID"))
	}
	address := os.Args[2]
	peer, err := spiffeid.FromString(os.Args[3])
	fail(err)
	authorize := tlsconfig.AuthorizeID(peer)
	switch os.Args[1] {
	case "serve":
		fail(serve(context.Background(), address, authorize))
	case "call":
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		fail(call(ctx, address, authorize))
	default:
		fail(fmt.Errorf("there is no verb %q", os.Args[1]))
	}
}

func serve(ctx context.Context, address string, authorize tlsconfig.Authorizer) error {
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	listener, err := spiffetls.ListenWithMode(ctx, "tcp", address, spiffetls.MTLSServerWithSource(authorize, source))
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			if err := greet(conn); err != nil {
				fmt.Printf("refused: %v\n", err)
			}
		}()
	}
}

// The handshake is part of the first read or write.
func greet(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		return err
	}
	peer, err := spiffetls.PeerIDFromConn(conn)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(conn, "you are %s\n", peer)
	return err
}

func call(ctx context.Context, address string, authorize tlsconfig.Authorizer) error {
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	conn, err := spiffetls.DialWithMode(ctx, "tcp", address, spiffetls.MTLSClientWithSource(authorize, source))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(conn, "who am I?"); err != nil {
		return err
	}
	// With TLS 1.3 it is only here that the server's refusal is seen.
	said, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	fmt.Print(said)
	return nil
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "svid-tls:", err)
		os.Exit(1)
	}
}
