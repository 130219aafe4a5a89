//go:build !linux

package probe

import "errors"

// usage is known on Linux alone.
func usage(string) (space, error) { return space{}, errors.ErrUnsupported }
