"""The host programs of the tutorials by themselves: their contracts, with the models that a guest may send."""

from __future__ import annotations

import http.server
import importlib.util
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.running import need_tutorial_packages

np = need_tutorial_packages()

COMMANDS = Path(__file__).parents[2] / "examples" / "commands"
PARAMETERS = {"min_size": [8], "thresholds": [0.5, 0.1], "factor": [0.5]}


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """Where they are installed."""
    folder = tmp_path_factory.mktemp("programs") / "a folder"
    done = subprocess.run([sys.executable, COMMANDS / "install.py", folder], capture_output=True, text=True, check=True)
    assert done.stdout == f"{folder}\n"
    return folder


@pytest.fixture
def run(programs):
    """Run a program as a guest's command runs: with no environment at all."""

    def run(name: str, *words: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        argv = [programs / name, *map(str, words)]
        return subprocess.run(argv, input=stdin, capture_output=True, env={}, timeout=100, check=False)

    return run


def test_they_are_installed_once_and_on_nobodys_path(programs):
    before = {path.name: path.stat().st_mtime_ns for path in programs.iterdir()}
    assert set(before) == {"http_proxy", "mobilenet_v2", "mtcnn"}
    subprocess.run([sys.executable, COMMANDS / "install.py", programs], capture_output=True, check=True)
    assert {path.name: path.stat().st_mtime_ns for path in programs.iterdir()} == before  # a grant is for that file
    assert str(programs) not in os.environ["PATH"]


def test_a_module_in_the_working_folder_is_not_taken(programs, tmp_path):
    (tmp_path / "json.py").write_text("print('taken')")
    done = subprocess.run([programs / "mtcnn"], cwd=tmp_path, capture_output=True, env={}, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"usage: mtcnn MODEL_BYTES")


# http_proxy


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it got."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        said = {"method": self.command, "body": body, "type": self.headers["Content-Type"], "x": self.headers["X"]}
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    do_GET = do_POST = _answer  # noqa: N815 - these names are looked for

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("method", "sent"), [("post", "POST"), ("POST", "POST"), ("get", "GET"), ("delete", "GET")])
def test_a_request(run, address, method, sent):
    done = run("http_proxy", method, f"{address}/", stdin="bödy".encode())
    expected = {"method": sent, "body": "bödy", "type": "text/plain", "x": None}
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, expected, b"")


def test_headers(run, address):
    done = run("http_proxy", "post", f"{address}/", '{"X": "1", "Content-Type": "application/json"}')
    assert json.loads(done.stdout) == {"method": "POST", "body": "", "type": "application/json", "x": "1"}


@pytest.mark.parametrize("status", [302, 404, 500])
def test_no_status_is_judged_and_no_redirection_followed(run, address, status):
    done = run("http_proxy", "get", f"{address}/{status}")
    assert (done.returncode, json.loads(done.stdout)["method"], done.stderr) == (0, "GET", b"")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("get",), "usage: http_proxy METHOD URL"),
        (("get", "file:///etc/passwd"), "is no address of HTTP"),
        (("get", "http://127.0.0.1:1/"), "refused"),
        (("get", "http://127.0.0.1:1/", "[1]"), "no JSON object"),
        (("get", "http://127.0.0.1:1/", '{"A": 1}'), "no JSON object"),
        (("get", "http://127.0.0.1:1/", "{"), "http_proxy: "),
        (("get", "http://127.0.0.1:1/", '{"A": "1\\nB: 2"}'), "http_proxy: "),
        (("get", "http://127.0.0.1:x/"), "http_proxy: "),
    ],
)
def test_a_request_that_cannot_be_made(run, words, text):
    done = run("http_proxy", *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert text in done.stderr.decode()
    assert b"Traceback" not in done.stderr


# mobilenet_v2 and mtcnn, with networks of numpy arrays


def network(output: str, *layers: tuple[object, object]) -> bytes:
    file = io.BytesIO()
    arrays = {f"{name}{index}": np.array(part) for index, pair in enumerate(layers) for name, part in zip("wb", pair)}  # noqa: B905
    np.savez(file, names=["input", output], **arrays)
    return file.getvalue()


def test_scores(run):
    model = network("softmax", ([[1.0, 0.0]] * 4, [0.0, 0.5]))  # brightness against half
    bright, dark = bytes([255] * 12), bytes(12)
    for pixels, sums in ((bright, (4.0, 0.5)), (dark, (0.0, 0.5))):
        done = run("mobilenet_v2", len(model), "input", "softmax", 2, 2, stdin=model + pixels)
        assert done.stderr == b""
        powers = np.exp(sums)
        assert np.allclose(json.loads(done.stdout), powers / powers.sum())
        assert done.stdout.endswith(b"]\n")


def test_boxes(run):
    """A network that finds where a window is bright, in a picture with one bright square of 8 at (4, 10)."""
    model = network("box", (np.full((64, 1), 1.0), [-60.0]))
    picture = np.zeros((24, 32, 3), np.uint8)
    picture[4:12, 10:18] = 255
    done = run("mtcnn", len(model), "input", "box", json.dumps(PARAMETERS), 32, 24, stdin=model + picture.tobytes())
    assert done.stderr == b""
    assert np.allclose(json.loads(done.stdout), [4, 10, 12, 18])
    blank = run("mtcnn", len(model), "input", "box", json.dumps(PARAMETERS), 32, 24, stdin=model + bytes(24 * 32 * 3))
    assert (blank.returncode, blank.stdout) == (0, b"[]\n")


def pickled() -> bytes:
    file = io.BytesIO()
    np.savez(file, names=np.array(["input", {"any": "object"}], dtype=object), w0=[1], b0=[1])
    return file.getvalue()


@pytest.mark.parametrize(
    ("model", "words", "text"),
    [
        (b"abc", ("input", "out"), "is neither an .npz file of numpy nor a frozen graph"),
        (b"PK\3\4 broken", ("input", "out"), "is no network of numpy arrays"),
        (pickled(), ("input", "out"), "Object arrays cannot be loaded"),
        (network("out", ([[1.0]], [0.0])), ("image", "out"), "has no operation image (it has: input, out)"),
        (network("out", ([[1.0]], [0.0])), ("input", "other"), "has no operation other"),
        (network("out", ([[1.0]] * 4, [0.0])), ("input", "out"), "the model takes 4 pixels, not 1"),
    ],
)
def test_a_model_that_is_no_good(run, model, words, text):
    done = run("mobilenet_v2", len(model), *words, 1, 1, stdin=model + b"RGB")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"mobilenet_v2: ")
    assert text in done.stderr.decode()


@pytest.mark.parametrize(
    ("size", "width", "parameters", "text"),
    [
        (3, 1, "{}", "5 bytes came, not 3 of the model and 1 x 1 x 3 of the picture"),
        (-1, 2, "{}", "5 bytes came"),
        ("many", 1, "{}", "are not all numbers"),
        (2, 1, "[]", "no JSON object of arrays of numbers"),
        (2, 1, '{"min_size": ["x"]}', "no JSON object of arrays of numbers"),
    ],
)
def test_a_call_that_is_no_good(run, size, width, parameters, text):
    done = run("mtcnn", size, "input", "box", parameters, width, 1, stdin=b"abRGB")
    assert (done.returncode, done.stdout) == (1, b"")
    assert text in done.stderr.decode()
    assert b"Traceback" not in done.stderr


# and with a frozen graph

TENSORFLOW = importlib.util.find_spec("tensorflow") is not None


@pytest.mark.skipif(TENSORFLOW, reason="TensorFlow is installed")
def test_a_graph_needs_tensorflow_and_says_how_to_get_it(run):
    done = run("mobilenet_v2", 2, "input", "out", 1, 1, stdin=b"\n\0RGB")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().rstrip().endswith(f"{sys.executable} -m pip install tensorflow-cpu")


@pytest.mark.skipif(not TENSORFLOW, reason="NOT TESTED, graphs of TensorFlow: pip install tensorflow-cpu")
def test_graphs_with_the_inputs_of_the_public_models(run):
    """Small graphs of our own that have the operations of mobilenet_v2 and of mtcnn.pb."""
    import tensorflow

    tf = tensorflow.compat.v1
    with tensorflow.Graph().as_default() as graph:
        image = tf.placeholder(tf.float32, [None, 2, 1, 3], name="input")
        tf.nn.softmax(tf.reshape(image, [-1, 6]), name="MobilenetV2/Predictions/Softmax")
        model = graph.as_graph_def().SerializeToString()
    words = (len(model), "input", "MobilenetV2/Predictions/Softmax", 2, 1)
    done = run("mobilenet_v2", *words, stdin=model + bytes([255, 0, 0, 0, 0, 0]))
    assert done.returncode == 0, done.stderr
    powers = np.exp([1, 0, 0, 0, 0, 0])
    assert np.allclose(json.loads(done.stdout), powers / powers.sum())
    with tensorflow.Graph().as_default() as graph:
        image = tf.placeholder(tf.float32, [None, None, 3], name="input")
        size, factor = (tf.placeholder(tf.float32, [], name=name) for name in ("min_size", "factor"))
        limits = tf.placeholder(tf.float32, [3], name="thresholds")
        first = tf.stack([size, factor, tf.reduce_sum(limits), tf.reduce_max(image)])
        tf.stack([first, tf.fill([4], image[0, 0, 0])], name="box")
        model = graph.as_graph_def().SerializeToString()
    parameters = '{"min_size": [40], "thresholds": [0.5, 0.75, 0.75], "factor": [0.5]}'
    done = run("mtcnn", len(model), "input", "box", parameters, 1, 1, stdin=model + bytes([9, 8, 200]))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [40, 0.5, 2, 200, 9, 9, 9, 9]
    broken = run("mobilenet_v2", 2, "input", "out", 1, 1, stdin=b"\n\xffRGB")
    assert (broken.returncode, broken.stdout) == (1, b"")
    assert b"TensorFlow cannot read the model" in broken.stderr
