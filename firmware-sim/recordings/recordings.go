// Package recordings carries the recorded fires that the demonstration and the tests play, so that
// they run anywhere from the binary alone.
package recordings

import (
	"embed"
	"io/fs"
)

//go:embed data
var files embed.FS

// Files is a file system with one ID.csv and one ID.json for each recording.
func Files() fs.FS {
	sub, err := fs.Sub(files, "data")
	if err != nil {
		panic("recordings: our promise is a folder named data: " + err.Error())
	}
	return sub
}
