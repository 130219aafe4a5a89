package provisioning

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
)

// Signature is what a box says with its own key: that a message is from it.
type Signature struct {
	Device    string
	DER       []byte // ECDSA over the SHA-256 of the message, as openssl dgst -verify takes it
	PublicKey *ecdsa.PublicKey
	Chain     []*x509.Certificate // the own one first; empty: no district has confirmed the key
}

// Sign signs a message with the key of the identity folder dir, and makes that key when there is
// none yet. It fails when the folder cannot be read or written, and for a card that is in another
// board than that of its key: what it signed would be of the other box.
func Sign(dir string, message []byte) (Signature, error) { return Loader{}.Sign(dir, message) }

// Sign signs a message on the board of l.
func (l Loader) Sign(dir string, message []byte) (Signature, error) {
	f, err := l.keyed(dir)
	if err != nil {
		return Signature{}, err
	}
	sum := sha256.Sum256(message)
	der, err := ecdsa.SignASN1(rand.Reader, f.key, sum[:])
	if err != nil {
		return Signature{}, fmt.Errorf("identity %s: sign: %w", dir, err)
	}
	return Signature{f.id, der, &f.key.PublicKey, f.cert}, nil
}

// keyed reads the folder, and makes the key of the box when there is none yet.
func (l Loader) keyed(dir string) (*folder, error) {
	f, err := l.open(dir)
	if err != nil {
		return nil, err
	}
	if f.moved != nil {
		return nil, f.moved
	}
	if f.key != nil {
		return f, nil
	}
	release, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer release()
	if f, err = l.open(dir); err != nil { // Another process may have made it meanwhile.
		return nil, err
	}
	e := Enroller{Loader: l, Dir: dir}
	if err := e.makeKey(f); err != nil {
		return nil, fmt.Errorf("identity %s: %w", dir, err)
	}
	return f, nil
}
