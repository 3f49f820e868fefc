package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

type inner struct {
	Name  string
	Deep  *inner
	Other interface{}
}

type everything struct {
	Yes     bool
	Small   int8
	Big     int64
	Whole   uint64
	Share   float64
	Turn    complex128
	Raw     []byte
	Text    string
	Numbers []int
	Pair    [2]string
	Counts  map[string]int
	Inner   inner
	Many    []inner
	At      Time
	Never   *Time
	Nothing interface{}
	Holds   interface{}
	hidden  int
}

type request struct {
	ServiceMethod string
	Seq           uint64
}

// writeGob writes streams as Go encodes them, which a decoder is tested on: `host --gob FOLDER`.
func writeGob(folder string) error {
	gob.RegisterName("inner", inner{})
	at := Time{time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)}
	zoned := Time{at.In(time.FixedZone("x", 5400+30))}
	values := []interface{}{
		true, -129, uint(300), -1.5, complex(1, -2), []byte{0, 255}, "é", []int{-1, 0, 1 << 40}, [2]string{"a", ""},
		map[string]int{"one": 1}, at, zoned,
		everything{
			Yes: true, Small: -128, Big: -1 << 63, Whole: 1<<64 - 1, Share: 0.1, Turn: 1i, Raw: []byte("raw"), Text: "text",
			Numbers: []int{0, 7}, Pair: [2]string{"", "b"}, Counts: map[string]int{"none": 0},
			Inner: inner{Name: "in", Deep: &inner{Name: "deeper"}, Other: inner{Name: "other", Other: inner{Name: "last"}}},
			Many:  []inner{{}, {Name: "second"}}, At: at, Holds: inner{Name: "held"}, hidden: 1,
		},
		everything{},
	}
	var all bytes.Buffer
	encoder := gob.NewEncoder(&all)
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "values.gob"), all.Bytes(), 0o644); err != nil {
		return err
	}
	// a stream of calls: types are defined by the first
	var calls bytes.Buffer
	encoder = gob.NewEncoder(&calls)
	run := &AnalysisRun{}
	text := `{"metadata": {"name": "checkout-7", "namespace": "shop", "creationTimestamp": "2026-03-01T12:00:00Z", "labels": {"a": "b"}},
		"spec": {"args": [{"name": "hash", "value": "7c8e0a"}, {"name": "token", "value": "s3cret", "valueFrom": {"SecretKeyRef": {"Name": "x", "Key": "y"}}}]},
		"status": {"metricResults": [{"name": "davy", "phase": "Running", "count": 0, "measurements": [
			{"phase": "Error", "message": "gone", "metadata": {"look": "3"}}]}]}}`
	if err := json.Unmarshal([]byte(text), run); err != nil {
		return err
	}
	metric := Metric{Name: "davy", InitialDelay: "1m30s", Count: &IntOrString{IntVal: 1}}
	metric.Provider.Plugin = map[string]json.RawMessage{"davy/judge": json.RawMessage(`{"config":"checkout"}`)}
	measurement := Measurement{Phase: "Running", StartedAt: &at, ResumeAt: &at, Metadata: map[string]string{"look": "1"}}
	arguments := []interface{}{
		nil, RunArgs{run, metric}, TerminateAndResumeArgs{run, metric, measurement}, GetMetadataArgs{metric}, RunArgs{nil, metric},
	}
	for i, method := range []string{"InitPlugin", "Run", "Resume", "GetMetadata", "Run"} {
		if err := encoder.Encode(request{rpcName(method), uint64(i)}); err != nil {
			return err
		}
		if err := encoder.Encode(&arguments[i]); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "calls.gob"), calls.Bytes(), 0o644)
}

func rpcName(method string) string { return "Plugin." + method }

