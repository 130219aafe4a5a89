// Package testdata carries the recordings that the demo and the tests play, so that they run
// anywhere from the binary alone.
package testdata

import (
	"embed"
	"io/fs"
)

//go:embed recordings
var files embed.FS

// Recordings is a file system with one ID.csv and one ID.json for each recording.
func Recordings() fs.FS {
	sub, err := fs.Sub(files, "recordings")
	if err != nil {
		panic("testdata: our promise is a folder named recordings: " + err.Error())
	}
	return sub
}
