package smtp_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A server is a mail server with as much of RFC 5321, 3207 and 4954 as a client
// meets.
type server struct {
	listener net.Listener
	cert     tls.Certificate
	implicit bool // TLS from the start
	wg       sync.WaitGroup

	mu      sync.Mutex
	conns   []net.Conn
	got     []envelope
	log     []string
	answers map[string]string // in place of the usual ones, by command
}

// An envelope is a message that the server took over.
type envelope struct {
	from, to, user, data string
	secure               bool
}

func startServer(t *testing.T, implicit bool) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: l, cert: certificate(t), implicit: implicit, answers: make(map[string]string)}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.hangUp()
		s.wg.Wait()
	})
	return s
}

func (s *server) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// clientTLS trusts the server.
func (s *server) clientTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.cert.Leaf)
	return &tls.Config{RootCAs: pool}
}

// answer replaces the answer to a command; "hang" is none at all, "" the usual
// one.
func (s *server) answer(command, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[command] = text
}

func (s *server) instead(command string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[command]
}

func (s *server) received() []envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]envelope(nil), s.got...)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func (s *server) commands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, " ")
}

// hangUp closes every connection.
func (s *server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

// A session is one connection.
type session struct {
	*server
	conn net.Conn
	r    *bufio.Reader
	envelope
}

func (s *server) serve(c net.Conn) {
	defer c.Close()
	ss := &session{server: s, conn: c}
	if s.implicit {
		ss.upgrade()
	}
	ss.r = bufio.NewReader(ss.conn)
	if !ss.say("greeting", "220 test ESMTP") {
		return
	}
	for {
		line, err := ss.r.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.mu.Lock()
		s.log = append(s.log, verb)
		s.mu.Unlock()
		if !ss.do(strings.ToUpper(verb), rest) {
			return
		}
	}
}

func (ss *session) upgrade() {
	ss.conn = tls.Server(ss.conn, &tls.Config{Certificates: []tls.Certificate{ss.cert}})
	ss.secure = true
	ss.r = bufio.NewReader(ss.conn)
}

// say answers, and reports whether the session goes on.
func (ss *session) say(command, usual string) bool {
	text := ss.instead(command)
	switch text {
	case "":
		text = usual
	case "hang":
		ss.conn.Read(make([]byte, 1)) // until the client goes
		return false
	}
	_, err := fmt.Fprintf(ss.conn, "%s\r\n", text)
	return err == nil
}

func (ss *session) do(verb, rest string) bool {
	switch verb {
	case "EHLO":
		ext := "250-test\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
		if !ss.secure && ss.instead("no STARTTLS") == "" {
			return ss.say(verb, ext+"250 STARTTLS")
		}
		return ss.say(verb, ext+"250 AUTH PLAIN")
	case "STARTTLS":
		ok := ss.say(verb, "220 go")
		ss.upgrade()
		return ok
	case "AUTH":
		_, initial, _ := strings.Cut(rest, " ")
		data, _ := base64.StdEncoding.DecodeString(initial)
		if fields := strings.Split(string(data), "\x00"); len(fields) == 3 && fields[2] == "pass word" {
			ss.user = fields[1]
			return ss.say(verb, "235 2.7.0 welcome")
		}
		return ss.say(verb, "535 5.7.8 no")
	case "MAIL":
		ss.from = between(rest)
		return ss.say(verb, "250 2.1.0 ok")
	case "RCPT":
		ss.to += between(rest)
		return ss.say(verb, "250 2.1.5 ok")
	case "DATA":
		return ss.data()
	case "RSET":
		ss.from, ss.to = "", ""
		return ss.say(verb, "250 2.0.0 ok")
	case "QUIT":
		ss.say(verb, "221 bye")
		return false
	}
	return ss.say(verb, "250 2.0.0 ok")
}

func (ss *session) data() bool {
	if !ss.say("DATA", "354 go on") {
		return false
	}
	var text strings.Builder
	for {
		line, err := ss.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	e := ss.envelope
	e.data = text.String()
	if refused := ss.instead("DATA."); refused == "" {
		ss.mu.Lock()
		ss.got = append(ss.got, e)
		ss.mu.Unlock()
	}
	return ss.say("DATA.", "250 2.0.0 taken")
}

// between returns the address of a MAIL or RCPT command.
func between(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
