// The controller's side of an Argo Rollouts metric plugin, for tests: it starts the plugin by hashicorp's go-plugin as the
// controller does, and calls it as a person writes on standard input: a line of JSON for each call, a line of JSON for each answer.
//
// The shapes are those of Argo Rollouts and Kubernetes as far as a metric plugin meets them; gob matches fields by name.
package main

import (
	"bufio"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin"
)

// Time is metav1.Time: gob sees the methods of what it embeds.
type Time struct{ time.Time }

func (t *Time) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &t.Time) }

type IntOrString struct {
	Type   int64
	IntVal int32
	StrVal string
}

type TypeMeta struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
}

type OwnerReference struct {
	APIVersion, Kind, Name, UID string
	Controller                  *bool
}

type ObjectMeta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	Generation        int64             `json:"generation"`
	CreationTimestamp Time              `json:"creationTimestamp"`
	DeletionTimestamp *Time             `json:"deletionTimestamp"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	OwnerReferences   []OwnerReference  `json:"ownerReferences"`
}

type SecretKeyRef struct{ Name, Key string }
type ValueFrom struct{ SecretKeyRef *SecretKeyRef }
type Argument struct {
	Name      string     `json:"name"`
	Value     *string    `json:"value"`
	ValueFrom *ValueFrom `json:"valueFrom"`
}

type WebMetric struct {
	URL     string
	Headers []struct{ Key, Value string }
	Timeout *int64
}

type MetricProvider struct {
	Web    *WebMetric                 `json:"web"`
	Plugin map[string]json.RawMessage `json:"plugin"`
}

type Metric struct {
	Name         string         `json:"name"`
	Interval     string         `json:"interval"`
	InitialDelay string         `json:"initialDelay"`
	Count        *IntOrString   `json:"-"`
	FailureLimit *IntOrString   `json:"-"`
	Provider     MetricProvider `json:"provider"`
}

type Measurement struct {
	Phase      string            `json:"phase"`
	Message    string            `json:"message,omitempty"`
	StartedAt  *Time             `json:"startedAt,omitempty"`
	FinishedAt *Time             `json:"finishedAt,omitempty"`
	Value      string            `json:"value,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	ResumeAt   *Time             `json:"resumeAt,omitempty"`
}

type MetricResult struct {
	Name             string            `json:"name"`
	Phase            string            `json:"phase"`
	Measurements     []Measurement     `json:"measurements"`
	Message          string            `json:"message"`
	Count            int32             `json:"count"`
	Error            int32             `json:"error"`
	ConsecutiveError int32             `json:"consecutiveError"`
	Metadata         map[string]string `json:"metadata"`
}

type RunSummary struct{ Count, Successful, Failed, Inconclusive, Error int32 }

type AnalysisRunSpec struct {
	Metrics   []Metric   `json:"metrics"`
	Args      []Argument `json:"args"`
	Terminate bool       `json:"terminate"`
}

type AnalysisRunStatus struct {
	Phase         string         `json:"phase"`
	Message       string         `json:"message"`
	MetricResults []MetricResult `json:"metricResults"`
	StartedAt     *Time          `json:"startedAt"`
	RunSummary    RunSummary     `json:"runSummary"`
}

type AnalysisRun struct {
	TypeMeta
	ObjectMeta `json:"metadata"`
	Spec       AnalysisRunSpec   `json:"spec"`
	Status     AnalysisRunStatus `json:"status"`
}

type RunArgs struct {
	AnalysisRun *AnalysisRun
	Metric      Metric
}

type TerminateAndResumeArgs struct {
	AnalysisRun *AnalysisRun
	Metric      Metric
	Measurement Measurement
}

type GarbageCollectArgs struct {
	AnalysisRun *AnalysisRun
	Metric      Metric
	Limit       int
}

type GetMetadataArgs struct{ Metric Metric }

type RpcError struct{ ErrorString string }

func init() {
	gob.RegisterName("RunArgs", new(RunArgs))
	gob.RegisterName("TerminateAndResumeArgs", new(TerminateAndResumeArgs))
	gob.RegisterName("GarbageCollectArgs", new(GarbageCollectArgs))
	gob.RegisterName("GetMetadataArgs", new(GetMetadataArgs))
	gob.RegisterName("RpcError", new(RpcError))
}

// side is the plugin as go-plugin wants it; only its client is used.
type side struct{}

func (side) Server(*plugin.MuxBroker) (interface{}, error)                   { return nil, fmt.Errorf("a host") }
func (side) Client(_ *plugin.MuxBroker, c *rpc.Client) (interface{}, error) { return c, nil }

var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
	MagicCookieValue: "metricprovider",
}

// Call is a line of the input.
type Call struct {
	Do          string       `json:"do"`
	Run         *AnalysisRun `json:"run"`
	Metric      Metric       `json:"metric"`
	Measurement Measurement  `json:"measurement"`
	Limit       int          `json:"limit"`
	At          int          `json:"at"`
}

type host struct {
	client *plugin.Client
	calls  *rpc.Client
	cmd    *exec.Cmd
}

// start is what the controller does where the plugin does not run.
func (h *host) start() error {
	h.cmd = exec.Command(os.Args[1], os.Args[2:]...)
	h.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake,
		Plugins:         map[string]plugin.Plugin{"RpcMetricProviderPlugin": side{}},
		Cmd:             h.cmd,
		Managed:         true,
		Stderr:          os.Stderr,
	})
	protocol, err := h.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("RpcMetricProviderPlugin")
	if err != nil {
		return err
	}
	h.calls = raw.(*rpc.Client)
	var answer RpcError
	if err := h.calls.Call("Plugin.InitPlugin", new(interface{}), &answer); err != nil {
		return err
	}
	if answer.ErrorString != "" {
		return fmt.Errorf("%s", answer.ErrorString)
	}
	return nil
}

func (h *host) measured(method string, args interface{}) interface{} {
	var answer Measurement
	if err := h.calls.Call(method, &args, &answer); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	return answer
}

func (h *host) answer(call Call) interface{} {
	failed := func(err error) interface{} {
		if err != nil {
			return map[string]string{"failed": err.Error()}
		}
		return map[string]int{"pid": h.cmd.Process.Pid}
	}
	var args interface{}
	switch call.Do {
	case "start":
		return failed(h.start())
	case "ping":
		protocol, err := h.client.Client()
		if err == nil {
			err = protocol.Ping()
		}
		return failed(err)
	case "run":
		return h.measured("Plugin.Run", RunArgs{call.Run, call.Metric})
	case "resume":
		return h.measured("Plugin.Resume", TerminateAndResumeArgs{call.Run, call.Metric, call.Measurement})
	case "terminate":
		return h.measured("Plugin.Terminate", TerminateAndResumeArgs{call.Run, call.Metric, call.Measurement})
	case "together":
		return h.together(call)
	case "collect":
		var answer RpcError
		args = GarbageCollectArgs{call.Run, call.Metric, call.Limit}
		if err := h.calls.Call("Plugin.GarbageCollect", &args, &answer); err != nil {
			return failed(err)
		}
		return answer
	case "type":
		var answer string
		if err := h.calls.Call("Plugin.Type", new(interface{}), &answer); err != nil {
			return failed(err)
		}
		return answer
	case "metadata":
		var answer map[string]string
		args = GetMetadataArgs{call.Metric}
		if err := h.calls.Call("Plugin.GetMetadata", &args, &answer); err != nil {
			return failed(err)
		}
		return answer
	case "unknown":
		var answer string
		return failed(h.calls.Call("Plugin.Unknown", new(interface{}), &answer))
	case "crash":
		h.cmd.Process.Signal(syscall.SIGKILL)
		for !h.client.Exited() {
			time.Sleep(10 * time.Millisecond)
		}
		return failed(nil)
	case "stop":
		began := time.Now()
		h.client.Kill()
		return map[string]int64{"ms": time.Since(began).Milliseconds()}
	}
	return map[string]string{"failed": "there is no call " + call.Do}
}

// together runs one metric so many times at once.
func (h *host) together(call Call) interface{} {
	answers := make([]interface{}, call.At)
	done := make(chan int)
	for i := range answers {
		go func(i int) {
			answers[i] = h.measured("Plugin.Run", RunArgs{call.Run, call.Metric})
			done <- i
		}(i)
	}
	for range answers {
		<-done
	}
	return answers
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "argo-host PLUGIN [ARGUMENT…]: calls on standard input, a line of JSON for each")
		os.Exit(2)
	}
	if os.Args[1] == "--gob" && len(os.Args) == 3 {
		if err := writeGob(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	h := &host{}
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var call Call
		if err := json.Unmarshal(line, &call); err != nil {
			out.Encode(map[string]string{"failed": err.Error()})
			continue
		}
		out.Encode(h.answer(call))
	}
	plugin.CleanupClients()
}
