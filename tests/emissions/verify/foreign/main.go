// Checks the proofs of a bundle with code of others: Go's note and tlog, the formats of
// transparency-dev. Usage: foreign BUNDLE LOG-KEY
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// entry is a leaf of the log; its fields are in the order in which they are written.
type entry struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Revision int64  `json:"revision"`
	SHA256   string `json:"sha256"`
}

type manifest struct {
	Records []struct {
		Path     string `json:"path"`
		Kind     string `json:"kind"`
		ID       string `json:"id"`
		Revision int64  `json:"revision"`
	} `json:"records"`
}

func main() {
	if err := check(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(path, key string) error {
	files, err := read(path)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	var told manifest
	if err := json.Unmarshal(files["manifest.json"], &told); err != nil {
		return err
	}
	for _, record := range told.Records {
		name := strings.Replace(record.Path, "records/", "proofs/", 1)
		name = name[:strings.LastIndex(name, ".")] + ".tlog-proof"
		var found proof.TLogProof
		if err := found.Unmarshal(files[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		point, _, _, err := log.ParseCheckpoint(found.Checkpoint, verifier.Name(), verifier)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		sum := sha256.Sum256(files[record.Path])
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(entry{record.ID, record.Kind, record.Revision, hex.EncodeToString(sum[:])}); err != nil {
			return err
		}
		leaf := tlog.RecordHash(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
		var hashes tlog.RecordProof
		for _, each := range found.Hashes {
			hashes = append(hashes, tlog.Hash(each))
		}
		var root tlog.Hash
		copy(root[:], point.Hash)
		if err := tlog.CheckRecord(hashes, int64(point.Size), root, int64(found.Index), leaf); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	fmt.Printf("%d records are in the log\n", len(told.Records))
	return nil
}

func read(path string) (map[string][]byte, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := map[string][]byte{}
	for _, each := range archive.File {
		content, err := each.Open()
		if err != nil {
			return nil, err
		}
		if files[each.Name], err = io.ReadAll(content); err != nil {
			return nil, err
		}
	}
	return files, nil
}
