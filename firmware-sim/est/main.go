// Command est is the enrolment server of the simulated district: an authority that a folder keeps,
// behind the EST server (RFC 7030) of a third party. firmware-sim district starts it and speaks
// with it by lines: a command on one line in, what happened on one line out. It is a module of its
// own, so that nothing else sees what that server needs.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/globalsign/est"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", "127.0.0.1:8443", "where to listen")
	dir := flag.String("dir", "", "folder of the authority; it is made when it is not there")
	flag.Parse()
	if err := run(*listen, *dir); err != nil {
		log.Fatal("est: ", err)
	}
}

func run(listen, dir string) error {
	if dir == "" {
		return fmt.Errorf("-dir is needed")
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	a, err := openAuthority(dir, host)
	if err != nil {
		return err
	}
	office := newOffice(a, os.Stdout)
	handler, err := est.NewRouter(&est.ServerConfig{CA: office, CheckBasicAuth: office.check})
	if err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, serverFile), filepath.Join(dir, serverKey))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	l, err := tls.Listen("tcp", listen, &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: pool,
		// One that has ended may still renew; the office looks at the rest.
		ClientAuth: tls.RequestClientCert,
	})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		office.obey(os.Stdin)
		server.Close() // Whoever started it has gone.
	}()
	fmt.Println("ready", l.Addr())
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// obey reads commands until there are no more.
func (o *office) obey(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		word := strings.Fields(lines.Text())
		if len(word) == 0 {
			continue
		}
		arg := ""
		if len(word) > 1 {
			arg = word[1]
		}
		o.command(word[0], arg)
	}
}
