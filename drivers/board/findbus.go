package board

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// adapterTree is where the kernel lists its I²C adapters and the parts it has drivers for.
const adapterTree = "/sys/bus/i2c/devices"

// treeRoot is the root of the device tree as the links in sysfs show it, after so many steps up.
const treeRoot = "/firmware/devicetree/base"

var kernelBus = regexp.MustCompile(`^(?:/dev/)?i2c-([0-9]{1,4})$`)

// node is the file of a bus.
func node(number int) string { return "/dev/i2c-" + strconv.Itoa(number) }

// findBus returns the number of a bus: of i2c-1 or /dev/i2c-1 the one that it says; of a path in
// the device tree, such as /soc/i2c@7e804000, or of the name of an adapter, such as
// "bcm2835 (i2c@7e804000)", the one that it has now. Those numbers change with kernels.
func findBus(root, name string) (int, error) {
	if match := kernelBus.FindStringSubmatch(name); match != nil {
		return strconv.Atoi(match[1])
	}
	links, err := filepath.Glob(filepath.Join(root, "i2c-*"))
	if err != nil {
		return 0, err
	}
	var found []int
	var known []string
	for _, link := range links {
		number, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(link), "i2c-"))
		if err != nil {
			continue // a part, not a bus
		}
		names := busNames(link)
		known = append(known, fmt.Sprintf("i2c-%d %q", number, names))
		if slices.Contains(names, name) {
			found = append(found, number)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("no bus has this name; there are %s",
			cmp.Or(strings.Join(known, ", "), "none: enable one and load i2c-dev"))
	}
	return 0, fmt.Errorf("more than one bus has this name; write the path in the device tree: %s",
		strings.Join(known, ", "))
}

// busNames are the names of a bus that do not depend on its number.
func busNames(link string) []string {
	var all []string
	if text, err := os.ReadFile(filepath.Join(link, "name")); err == nil {
		all = append(all, strings.TrimSpace(string(text)))
	}
	target, _ := os.Readlink(filepath.Join(link, "of_node"))
	if _, path, ok := strings.Cut(target, treeRoot); ok {
		all = append(all, path)
	}
	return all
}
