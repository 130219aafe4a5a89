package site

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A PIN is kept as pbkdf2-sha256:ROUNDS:SALT:KEY, the last two in base64 without padding.
const (
	pinKind   = "pbkdf2-sha256"
	pinRounds = 50_000 // slow on purpose
	mostRound = 1_000_000
	saltBytes = 16
	leastPIN  = 4 // digits
	mostPIN   = 12
)

// ErrPIN is returned for a PIN that is not 4 to 12 digits.
var ErrPIN = errors.New("a PIN has 4 to 12 digits")

// HashPIN is how the site file keeps a PIN. It fails with ErrPIN.
func HashPIN(pin string) (string, error) {
	if !isPIN(pin) {
		return "", ErrPIN
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt) //nolint:errcheck // it never fails: the program would end
	key, err := pbkdf2.Key(sha256.New, pin, salt, pinRounds, sha256.Size)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("%s:%d:%s:%s", pinKind, pinRounds, enc.EncodeToString(salt),
		enc.EncodeToString(key)), nil
}

func isPIN(pin string) bool {
	return len(pin) >= leastPIN && len(pin) <= mostPIN &&
		!strings.ContainsFunc(pin, func(c rune) bool { return c < '0' || c > '9' })
}

// HasPIN tells whether it is the operator's PIN. It is slow on purpose; who may ask how often is
// for the caller to say.
func (o Operator) HasPIN(pin string) bool {
	h, ok := parsePIN(o.PIN)
	if !ok || !isPIN(pin) {
		return false
	}
	key, err := pbkdf2.Key(sha256.New, pin, h.salt, h.rounds, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

type pinHash struct {
	rounds    int
	salt, key []byte
}

func parsePIN(text string) (h pinHash, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 4 || parts[0] != pinKind {
		return h, false
	}
	rounds, err := strconv.Atoi(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[2])
	key, err3 := base64.RawStdEncoding.DecodeString(parts[3])
	h = pinHash{rounds, salt, key}
	return h, errors.Join(err, err2, err3) == nil && rounds > 0 && rounds <= mostRound &&
		len(salt) >= 8 && len(salt) <= 64 && len(key) == sha256.Size
}
