package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decoder walks the syntax tree itself, because a decoder that stops at the first fault makes an operator mend a file
// one run at a time.
type decoder struct {
	name   string
	faults []error
}

// decode reports false if src is no YAML and nothing of it was read.
func decode(name string, src []byte, out any) (faults []error, read bool) {
	d := &decoder{name: name}
	file, err := parser.ParseBytes(src, 0)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		d.faultAt(syntax.GetToken().Position.Line, "", inWords(syntax.GetMessage()))
		return d.faults, false
	case err != nil:
		return []error{fmt.Errorf("%s: %w", name, err)}, false
	}
	bodies := 0
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if bodies++; bodies > 1 {
			d.fault(doc.Body, "", "only one YAML document is read")
			break
		}
		d.into(doc.Body, reflect.ValueOf(out).Elem(), "")
	}
	return d.faults, true
}

// inWords says what is meant where the parser shows a character that nobody sees.
func inWords(message string) string {
	return strings.ReplaceAll(message, "character '\t' that cannot start any token", "a tab; indent with spaces")
}

// into sets v from n, appending faults instead of stopping.
func (d *decoder) into(n ast.Node, v reflect.Value, path string) {
	if n == nil || n.Type() == ast.NullType {
		return // "section:" with every line below commented out keeps the defaults
	}
	switch {
	case isSection(v.Type()):
		d.section(n, v, path)
	case v.Kind() == reflect.Pointer && isSection(v.Type().Elem()):
		d.pointer(n, v, path)
	case v.Kind() == reflect.Slice && n.Type() == ast.SequenceType && !isText(v.Type()):
		d.list(n.(*ast.SequenceNode), v, path)
	case v.Kind() == reflect.Map:
		d.table(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) section(n ast.Node, v reflect.Value, path string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.fault(n, path, "a section with keys is needed here")
		return
	}
	setLine(v, n.GetToken().Position.Line)
	known := fields(v, path)
	for it := m.MapRange(); it.Next(); {
		key := it.Key().String()
		f, ok := find(known, join(path, key))
		if !ok {
			d.fault(it.Key(), join(path, key), unknown(key, known))
			continue
		}
		d.into(it.Value(), f.value, f.path)
	}
}

func (d *decoder) pointer(n ast.Node, v reflect.Value, path string) {
	to := reflect.New(v.Type().Elem())
	defaults(to.Elem())
	d.into(n, to.Elem(), path)
	v.Set(to)
}

func (d *decoder) list(n *ast.SequenceNode, v reflect.Value, path string) {
	list := reflect.MakeSlice(v.Type(), len(n.Values), len(n.Values))
	for i, item := range n.Values {
		e := list.Index(i)
		if isSection(e.Type()) {
			defaults(e)
		}
		d.into(item, e, fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(list)
}

func (d *decoder) table(n ast.Node, v reflect.Value, path string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.fault(n, path, "a section with keys is needed here")
		return
	}
	table := reflect.MakeMap(v.Type())
	for it := m.MapRange(); it.Next(); {
		key := reflect.New(v.Type().Key()).Elem()
		if err := setText(key, it.Key().String()); err != nil {
			d.fault(it.Key(), path, err.Error())
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if isSection(e.Type()) {
			defaults(e)
		}
		d.into(it.Value(), e, join(path, it.Key().String()))
		table.SetMapIndex(key, e)
	}
	v.Set(table)
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	text, err := scalarText(n)
	if err == nil {
		err = setText(v, text)
	}
	if err != nil {
		d.fault(n, path, err.Error())
	}
}

// scalarText returns the text as written, so that 01000 stays a facility code and does not become a number.
func scalarText(n ast.Node) (string, error) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, nil
	case *ast.LiteralNode:
		return s.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		return "", errors.New("anchors, aliases and tags are not read")
	default:
		return "", errors.New("one value is needed here")
	}
}

func (d *decoder) fault(n ast.Node, path, text string) {
	d.faultAt(n.GetToken().Position.Line, path, text)
}

func (d *decoder) faultAt(line int, path, text string) {
	if path != "" {
		path += ": "
	}
	d.faults = append(d.faults, fmt.Errorf("%s:%d: %s%s", d.name, line, path, strings.ReplaceAll(text, "\n", " ")))
}

func find(known []field, path string) (field, bool) {
	for _, f := range known {
		if f.path == path {
			return f, true
		}
	}
	return field{}, false
}

// unknown names the nearest known key when one is near enough to be a slip.
func unknown(key string, known []field) string {
	best, near := "", 3
	for _, f := range known {
		name := f.path[strings.LastIndexByte(f.path, '.')+1:]
		if n := distance(key, name); n < near {
			best, near = name, n
		}
	}
	if best == "" {
		return "unknown key"
	}
	return "unknown key, did you mean " + best + "?"
}

// distance is the number of single-letter edits from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
