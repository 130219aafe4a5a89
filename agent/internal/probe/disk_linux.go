package probe

import "golang.org/x/sys/unix"

// usage asks the kernel what a file system has left.
func usage(dir string) (space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return space{}, err
	}
	return space{
		free: uint64(s.Bavail) * uint64(s.Bsize), files: s.Ffree, total: s.Files,
		readOnly: s.Flags&unix.ST_RDONLY != 0,
	}, nil
}
