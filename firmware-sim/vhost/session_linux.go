package vhost

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// device is what stands behind the queues of one machine, from its start to its end.
type device interface {
	features() uint64
	config() []byte // what the driver can read of it
	queues() int
	// start makes it ready for requests of a queue, and stop ends one that does not come back.
	start(queue int) error
	// serve answers the requests of a queue in their order, and keeps those that are of no use
	// before the next has come.
	serve(r *ring, queue int) error
	stop(queue int)
	// close is the end of the machine: it has lost its power.
	close()
}

// Requests of QEMU.
const (
	getFeatures         = 1
	setFeatures         = 2
	setOwner            = 3
	setMemTable         = 5
	setVringNum         = 8
	setVringAddr        = 9
	setVringBase        = 10
	getVringBase        = 11
	setVringKick        = 12
	setVringCall        = 13
	setVringErr         = 14
	getProtocolFeatures = 15
	setProtocolFeatures = 16
	getQueueNum         = 17
	setVringEnable      = 18
	getConfig           = 24
	setConfig           = 25
)

// Features of every device: version 1 of virtio, and the two that QEMU settles with the driver
// without asking; and those of the protocol.
const (
	featIndirect = 1 << 28
	featEventIdx = 1 << 29
	featProtocol = 1 << 30
	featVersion1 = 1 << 32
	common       = featIndirect | featEventIdx | featProtocol | featVersion1

	protoMultiQueue = 1 << 0
	protoReplyAck   = 1 << 3
	protoConfig     = 1 << 9
)

const (
	headerSize = 12
	maxBody    = 4096

	flagVersion   = 1
	flagReply     = 1 << 2
	flagNeedReply = 1 << 3
)

// message is one request of QEMU.
type message struct {
	request, flags uint32
	body           []byte
	files          []*os.File
}

// session is one connection of QEMU: one life of one device of one machine.
type session struct {
	conn   *net.UnixConn
	dev    device
	memory memory
	queues []*queue
}

// serve accepts one machine after the other until ctx ends.
func serve(ctx context.Context, l *net.UnixListener, open func() (device, error)) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("vhost: accept: %w", err)
		}
		if err := serveOne(ctx, conn, open); err != nil {
			return fmt.Errorf("vhost: %w", err)
		}
	}
}

func serveOne(ctx context.Context, conn *net.UnixConn, open func() (device, error)) error {
	dev, err := open()
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s := &session{conn: conn, dev: dev, queues: make([]*queue, dev.queues())}
	for i := range s.queues {
		s.queues[i] = &queue{dev: dev, number: i, broken: func() { conn.Close() }}
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	err = s.run()
	for _, q := range s.queues {
		err = errors.Join(err, q.close())
	}
	dev.close()
	err = errors.Join(err, s.memory.unmap())
	conn.Close()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// run answers QEMU until it is gone.
func (s *session) run() error {
	for {
		m, err := s.receive()
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, net.ErrClosed) {
			return nil // the machine was switched off, or a queue tells why it closed
		}
		if err == nil {
			err = s.handle(m)
		}
		for _, f := range m.files { // those that are kept were taken out
			f.Close()
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) receive() (*message, error) {
	m := new(message)
	head, oob := make([]byte, headerSize), make([]byte, unix.CmsgSpace(4*maxRegions))
	n, oobn, _, _, err := s.conn.ReadMsgUnix(head, oob)
	if err != nil {
		return m, err
	}
	if m.files, err = filesOf(oob[:oobn]); err != nil {
		return m, err
	}
	if n == 0 {
		return m, io.EOF
	}
	if _, err := io.ReadFull(s.conn, head[n:]); err != nil {
		return m, err
	}
	m.request = binary.LittleEndian.Uint32(head)
	m.flags = binary.LittleEndian.Uint32(head[4:])
	size := binary.LittleEndian.Uint32(head[8:])
	if size > maxBody {
		return m, fmt.Errorf("request %d of %d bytes", m.request, size)
	}
	m.body = make([]byte, size)
	_, err = io.ReadFull(s.conn, m.body)
	return m, err
}

func filesOf(oob []byte) ([]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	all, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for i := range all {
		fds, err := unix.ParseUnixRights(&all[i])
		if err != nil {
			return files, err
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			if err := unix.SetNonblock(fd, true); err != nil {
				return files, err
			}
			files = append(files, os.NewFile(uintptr(fd), "vhost"))
		}
	}
	return files, nil
}

func (s *session) reply(m *message, body []byte) error {
	b := make([]byte, headerSize, headerSize+len(body))
	binary.LittleEndian.PutUint32(b, m.request)
	binary.LittleEndian.PutUint32(b[4:], flagVersion|flagReply)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(body)))
	_, err := s.conn.Write(append(b, body...))
	return err
}

func (s *session) replyNumber(m *message, v uint64) error {
	return s.reply(m, binary.LittleEndian.AppendUint64(nil, v))
}

// handle does what a message asks for, and says so where QEMU wants to know.
func (s *session) handle(m *message) error {
	switch m.request {
	case getFeatures:
		return s.replyNumber(m, common|s.dev.features())
	case getProtocolFeatures:
		features := uint64(protoMultiQueue | protoReplyAck)
		if s.dev.config() != nil { // QEMU warns of what it does not use
			features |= protoConfig
		}
		return s.replyNumber(m, features)
	case getQueueNum:
		return s.replyNumber(m, uint64(len(s.queues)))
	case getConfig:
		return s.replyConfig(m)
	case getVringBase:
		return s.replyBase(m)
	}
	err := s.set(m)
	if err != nil {
		return fmt.Errorf("request %d: %w", m.request, err)
	}
	if m.flags&flagNeedReply != 0 {
		return s.replyNumber(m, 0)
	}
	return nil
}

// set does what needs no answer.
func (s *session) set(m *message) error {
	switch m.request {
	case setMemTable:
		return s.remember(m)
	case setVringNum, setVringAddr, setVringBase, setVringKick, setVringCall, setVringEnable:
		q, err := s.queue(m)
		if err != nil {
			return err
		}
		return q.set(m, s.memory)
	case setOwner, setFeatures, setProtocolFeatures, setVringErr, setConfig:
		return nil // nothing depends on it
	}
	return errors.New("it is unknown")
}

// remember takes a new map of the guest's memory. QEMU stops the queues before it changes one.
func (s *session) remember(m *message) error {
	next, err := mapMemory(m.body, m.files)
	if err != nil {
		return err
	}
	for _, q := range s.queues {
		err = errors.Join(err, q.end())
	}
	err = errors.Join(err, s.memory.unmap())
	s.memory = next
	for _, q := range s.queues {
		err = errors.Join(err, q.begin(s.memory))
	}
	return err
}

// queue is the one that a message speaks of, in its first byte.
func (s *session) queue(m *message) (*queue, error) {
	if len(m.body) < 8 || int(m.body[0]) >= len(s.queues) {
		return nil, fmt.Errorf("it names none of the %d queues: % x", len(s.queues), m.body)
	}
	return s.queues[m.body[0]], nil
}

// replyBase ends a queue and says how far it came.
func (s *session) replyBase(m *message) error {
	q, err := s.queue(m)
	if err != nil {
		return err
	}
	if err := q.close(); err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(m.body[0]))
	return s.reply(m, binary.LittleEndian.AppendUint32(b, uint32(q.next)))
}

// replyConfig sends the part of the device's configuration that the driver wants: from a place on,
// so many bytes, and flags.
func (s *session) replyConfig(m *message) error {
	if len(m.body) < 12 {
		return fmt.Errorf("request %d of %d bytes", m.request, len(m.body))
	}
	from := binary.LittleEndian.Uint32(m.body)
	all := append(s.dev.config(), make([]byte, maxBody)...)
	if from < maxBody {
		copy(m.body[12:], all[from:])
	}
	return s.reply(m, m.body)
}
