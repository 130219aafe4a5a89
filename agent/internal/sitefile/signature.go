package sitefile

import (
	"errors"
	"fmt"

	"aead.dev/minisign"
)

// Why a file from afar is not believed.
var (
	ErrNoKeys    = errors.New("no_keys")   // district.toml names none
	ErrSignature = errors.New("signature") // of none of its keys, or of another file
	ErrMeant     = errors.New("comment")   // signed for another box, or for another local file
)

// TrustedComment is what a signature says of the file beside its bytes: which box it is for, and
// the hash of the local file that it is based on. An old file thus cannot be offered anew.
func TrustedComment(device, base string) string { return device + " " + base }

// Verify tells whether one of the keys of minisign has signed a file for this box and this base. It
// fails with ErrNoKeys, ErrSignature or ErrMeant.
func Verify(keys []string, device, base string, file []byte, signature string) error {
	if len(keys) == 0 {
		return ErrNoKeys
	}
	var s minisign.Signature
	if err := s.UnmarshalText([]byte(signature)); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	for _, text := range keys {
		var key minisign.PublicKey
		if key.UnmarshalText([]byte(text)) != nil || !minisign.Verify(key, file, []byte(signature)) {
			continue
		}
		if s.TrustedComment != TrustedComment(device, base) {
			return fmt.Errorf("%w: %.100q", ErrMeant, s.TrustedComment)
		}
		return nil
	}
	return ErrSignature
}
