#!/usr/bin/env python3
"""Transports samples along a bridge that dsbm exported. It needs onnxruntime and numpy.

From a shell, in any folder:

    python FOLDER/sample.py NEW OUT [f|b]

From Python:

    from sample import load
    bridge = load()                  # the folder of this file, or load(FOLDER)
    x, weight = bridge.sample(rows)  # rows: array [n, ...] in the units of your data

NEW and OUT are .csv (a header of column names) or .npy (an array [n, ...]). The same seed gives the samples of
`dsbm sample`, up to rounding. If masses change on the way, OUT has a column `weight`: the mass that each row becomes.
"""
import argparse
import base64
import csv
import hashlib
import json
import sys
from pathlib import Path

MISSING = "sample.py needs onnxruntime and numpy: pip install onnxruntime numpy"
try:
    import numpy as np
except ImportError:
    if __name__ == "__main__":
        sys.exit(MISSING)
    raise


def load(folder=None):
    """The bridge of an export's folder (default: the folder of this file)."""
    return Bridge(Path(__file__).resolve().parent if folder is None else Path(folder))


class Bridge:
    """`about` is bridge.json; docs/export.md of dsbm is its reference."""

    def __init__(self, folder):
        self.folder = folder
        text = (folder / "bridge.json").read_bytes().replace(b"\r\n", b"\n")
        content, _, checksum = text.rpartition(b',\n  "sha256": "')
        self._check("bridge.json", content + b"\n}", checksum[:64].decode(errors="replace"))
        self.about = json.loads(text)
        for name, sha256 in self.about["files"].items():
            self._check(name, (folder / name).read_bytes(), sha256)
        self._models = {}

    def _check(self, name, content, checksum):
        if hashlib.sha256(content).hexdigest() != checksum:
            raise ValueError(f"{self.folder / name} is damaged: export the run again")

    def sample(self, x, direction=None, start=None, end=None, steps=None, seed=42, cond=None, y=None, path=False):
        """Transports rows x [n, ...], in the units of the data, from time `start` to time `end`.

        direction: "f" (source to target) or "b". start, end: times as the data have them (default: all the way).
        steps: in each interval between two datasets (default: as trained). cond, y: one condition or class a row.
        Returns samples [n, ...] and the mass [n] of each row, or None if masses stay 1; with `path` these of all
        times [T, n, ...], and the times. Raises ValueError.
        """
        about = self.about
        x = np.asarray(x, float)
        shape = self._shape()
        if x.shape[1:] != shape or len(x) == 0 or not np.isfinite(x).all():
            raise ValueError(f"x is {list(x.shape)}: expected finite numbers [n, {', '.join(map(str, shape))}]")
        direction, first, last = self._journey(direction, start, end)
        more = self._conditions(len(x), direction, cond, y)
        states, times = [self._encode(x)], [first]
        for index, leg in self._legs(direction, first, last, steps):
            for state, time in self._through(leg, index, states[-1], direction, more, seed):
                if path:
                    states.append(state)
                    times.append(time)
                else:
                    states = [state]
        decoded = [self._decode(state) for state in states]
        samples = [one for one, _ in decoded]
        weights = [weight for _, weight in decoded if weight is not None]
        if not path:
            return samples[-1], (weights[-1] if weights else None)
        return np.stack(samples), (np.stack(weights) if weights else None), self._label(np.array(times))

    def _shape(self):
        about = self.about
        if about["transform"]:
            return (len(about["transform"]["mean"]),)
        for coder in ("projection", "autoencoder"):
            if about.get(coder):
                return tuple(about[coder]["shape"])
        first, *rest = about["state"]["shape"]
        return (first - 1 if about["mass"] else first, *rest)

    def _projection(self):
        about = self.about["projection"]
        mean, basis = (np.frombuffer(base64.b64decode(about[key]), "<f4").astype(float) for key in ("mean", "basis"))
        return mean, basis.reshape(len(mean), -1)

    def _encode(self, x):
        """Rows in the units of the data as states [n, ...] float32."""
        transform, projection = self.about["transform"], self.about["projection"]
        if transform:
            x = np.log1p(x) if transform["log1p"] else x
            x = (x - transform["mean"]) / [std or 1 for std in transform["std"]]
            x = np.arcsinh(x) if transform.get("standardise") == "robust" else x
        if projection:
            mean, basis = self._projection()
            x = (x.reshape(len(x), -1) - mean) @ basis / projection["scale"]
        if self.about.get("autoencoder"):
            x = self._coded("encoder", "image", "latent", x)
        if self.about["mass"]:
            x = np.column_stack([x, np.zeros(len(x))])
        return x.astype(np.float32)

    def _decode(self, state):
        """States as rows in the units of the data, and their masses or None."""
        transform, projection = self.about["transform"], self.about["projection"]
        x, weight = state.astype(float), None
        if self.about["mass"]:
            x, weight = x[:, :-1], np.exp(x[:, -1])
        if self.about.get("autoencoder"):
            x = self._coded("decoder", "latent", "image", x).astype(float)
        if projection:
            mean, basis = self._projection()
            x = (x * projection["scale"] @ basis.T + mean).reshape(-1, *projection["shape"])
        if transform:
            x = np.sinh(x) if transform.get("standardise") == "robust" else x
            x = x * transform["std"] + transform["mean"]
            x = np.expm1(x) if transform["log1p"] else x
            limits = transform.get("limits")
            if limits:
                low, high = (np.array(limits[key], dtype=float) for key in ("min", "max"))
                x = np.where(limits["whole"], np.round(x), x)
                x = np.fmin(np.fmax(x, low), high)
            for first, levels in _categories(self.about).values():
                block = x[:, first : first + len(levels)]
                x[:, first : first + len(levels)] = np.eye(len(levels))[block.argmax(1)]
        return x, weight

    def _coded(self, model, given, wanted, x):
        """Images as latent maps, or back, 16 at a time."""
        name, x = self.about["autoencoder"][model], x.astype(np.float32)
        return np.concatenate([self._run(name, {given: x[i : i + 16]}, [wanted])[0] for i in range(0, len(x), 16)])

    def _run(self, name, feeds, outputs):
        if name not in self._models:
            import onnxruntime  # here, so that --help and damaged files need none

            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            providers = ["CPUExecutionProvider"]
            path = str(self.folder / name)
            self._models[name] = onnxruntime.InferenceSession(path, options, providers=providers)
        return self._models[name].run(outputs, feeds)

    def _course(self):
        ends = {"process": [0, 1], "labels": ["0", "1"], "scale": {"from": 0, "length": 1}}
        return self.about["times"] or ends

    def _label(self, times):
        scale = self._course()["scale"] or {"from": 0, "length": 1}
        return scale["from"] + scale["length"] * times

    def _time(self, given):
        course = self._course()
        for label, time in zip(course["labels"], course["process"]):
            if str(given) == label or _number(given) == _number(label) is not None:
                return time
        scale = course["scale"]
        time = (_number(given) - scale["from"]) / scale["length"] if scale and _number(given) is not None else -1
        if not 0 <= time <= 1:
            raise ValueError(f"time {given}: expected one of {', '.join(course['labels'])}, or a time between them")
        return time

    def _journey(self, direction, start, end):
        first = None if start is None else self._time(start)
        last = None if end is None else self._time(end)
        if direction is None and first is not None and last is not None:
            direction = "b" if first > last else "f"
        elif direction is None and (first is not None or last is not None):
            direction = "b" if first == 1 or last == 0 else "f"
        direction = direction or self.about["default_direction"]
        if direction not in self.about["directions"]:
            raise ValueError(f"direction {direction}: expected one of {', '.join(self.about['directions'])}")
        ends = [0, 1] if direction == "f" else [1, 0]
        first = ends[0] if first is None else first
        last = ends[1] if last is None else last
        if first == last or (first < last) != (direction == "f"):
            raise ValueError(f"from {start} to {end} is no way of direction {direction}")
        return direction, first, last

    def _legs(self, direction, first, last, steps):
        """Intervals between two datasets in the order of the direction: their number, and times from start to end."""
        schedule = self.about["schedule"]
        grid = np.array(schedule["times"], float)
        old = len(grid) - 1
        if steps not in (None, old):
            divides = self.about["kind"] == "endpoint" and steps > 0 and old % steps == 0
            if steps < 1 or not (schedule["resample"] or divides):
                raise ValueError(f"steps {steps}: this bridge takes {old} steps")
            grid = np.interp(np.arange(steps + 1) * old / steps, np.arange(old + 1), grid)
        stops = self._course()["process"]
        low, high = sorted([first, last])
        legs = []
        for index, (a, b) in enumerate(zip(stops[:-1], stops[1:])):
            start, end = max(a, low), min(b, high)
            if end - start < 1e-9:
                continue
            inside = a + grid * (b - a)
            inside = inside[(inside > start + 1e-9) & (inside < end - 1e-9)]
            times = np.array([start, *inside, end])
            legs.append((index, (a, b, times if direction == "f" else times[::-1])))
        return legs if direction == "f" else legs[::-1]

    def _conditions(self, n, direction, cond, y):
        about, conditions = self.about, self.about["conditions"] or {}
        more = {}
        number = about["directions"][direction]["direction_input"]
        if number is not None:
            more["direction"] = np.full(n, number, np.float32)
        for name, given in [("cond", cond), ("y", y)]:
            if (given is None) == bool(conditions.get(name)):
                raise ValueError(f"{name} is {'missing' if given is None else 'given'}: see conditions in bridge.json")
        if cond is not None:
            column = conditions["cond"]["column"]
            if column and column["classes"]:
                unknown = set(map(str, cond)) - set(column["classes"])
                if unknown:
                    raise ValueError(f"{column['name']} is {min(unknown)}: expected one of {column['classes']}")
                more["cond"] = np.array([column["classes"].index(str(value)) for value in cond], np.int64)
            else:
                more["cond"] = np.asarray(cond, float if column else np.float32)
        if y is not None:
            more["y"] = np.asarray(y, np.int64)
        for name in more:
            if len(more[name]) != n:
                raise ValueError(f"{name} has {len(more[name])} rows, x has {n}")
        return more

    def _through(self, leg, index, x, direction, more, seed):
        """Yields the states of a leg and their times."""
        about = self.about
        schedule, kind = about["schedule"], about["kind"]
        a, b, times = leg
        n, count = len(x), len(times) - 1
        isSeveral = "interval" in about["inputs"]
        more = {**more, **({"interval": np.full(n, index, np.int64)} if isSeveral else {})}
        name = about["directions"][direction]["model"]
        noise = Noise(f"{seed}/sample/{direction}{f'/{index}' if isSeveral else ''}", mass=about["mass"])

        def evaluate(output, time, x, step=0, noise=None):
            feeds = {"x": x, "t": np.full(n, time, np.float32), **more}
            if "step" in about["inputs"]:
                feeds["step"] = np.full(n, step, np.float32)
            if noise is not None:
                feeds["noise"] = noise
            return self._run(name, feeds, [output])[0]

        def jumped(x, time):
            jump = about.get("jump_output")
            return x + evaluate(jump, time, x) if jump and time in (0, 1) else x

        x = jumped(x, times[0])
        for k in range(count):
            time, following = times[k], times[k + 1]
            is_last = k == count - 1 and not schedule["last_noise"]
            if kind == "velocity":
                dt, spread = np.float32(following - time), 0
                velocity = evaluate(about["output"], time, x, step=dt)
                if about["mass"]:
                    velocity = evaluate(about["output"], (time + following) / 2, x + dt / 2 * velocity)
                x = x + dt * velocity
            elif kind == "mean":
                i = k if direction == "f" else count - 1 - k
                mean = evaluate(about["output"], k, x)
                x = mean if schedule["mean_match"] else x + np.float32(schedule["scales"][i]) * mean
                spread = schedule["deviations"][i]
            elif kind == "endpoint":
                drawn, z = np.split(noise.draw((n, 2 * x.shape[1], *x.shape[2:])), 2, axis=1)
                endpoint = evaluate(about["output"], time, x, noise=drawn)
                dt, left = abs(following - time), b - following if direction == "f" else following - a
                between = x + np.float32(dt / (left + dt)) * (endpoint - x)
                between += np.float32(about["process"]["sigma"] * np.sqrt(dt * left / (left + dt))) * z
                x, spread = endpoint if k == count - 1 else between, 0
            elif is_last and about["end_output"]:
                x, spread = evaluate(about["end_output"], time, x), 0
            else:
                dt = abs(following - time)
                left = b - following if direction == "f" else following - a
                x = x + np.float32(dt) * evaluate(about["output"], time, x)
                share = {"process": 1, "bridge": 0}.get(schedule["step_variance"])
                if share is None:
                    shares = schedule["noise_share"][direction]
                    spent = 1 - (left + dt) / (b - a)
                    share = np.interp(spent, np.linspace(0, 1, len(shares)), shares)
                spread = about["process"]["sigma"] * np.sqrt(dt * (left + share * dt) / (left + dt))
            if spread > 0 and not is_last:
                x = x + np.float32(spread) * noise.draw(x.shape)
            x = jumped(x, following)
            yield x, following


class Noise:
    """Standard normal numbers by seed and place: Philox4x32-10, as docs/export.md of dsbm describes it."""

    def __init__(self, text, mass=False):
        h = 0x811C9DC5
        for byte in text.encode():
            h = (h ^ byte) * 0x01000193 % 2**32
        h = (h ^ h >> 16) * 0x85EBCA6B % 2**32
        h = (h ^ h >> 13) * 0xC2B2AE35 % 2**32
        self.key, self.stream, self.mass = h ^ h >> 16, 0, mass

    def draw(self, shape):
        count = int(np.prod(shape))
        blocks = -(-count // 256)
        block, lane = np.meshgrid(np.arange(blocks, dtype=np.uint64), np.arange(64, dtype=np.uint64), indexing="ij")
        low, up = np.uint64(2**32 - 1), np.uint64(32)
        a, b, c, d = block & low, block >> up, lane, np.zeros_like(lane)
        key = [self.key, self.stream]
        for _ in range(10):
            p, q = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
            a, b, c, d = q >> up ^ b ^ np.uint64(key[0]), q & low, p >> up ^ d ^ np.uint64(key[1]), p & low
            key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
        self.stream += 1
        x, y = np.concatenate([a, b], 1), np.concatenate([c, d], 1)
        radius = np.sqrt(-2 * np.log(((x >> np.uint64(1)) + 0.5) * 2.0**-31))
        angle = (y.astype(np.uint32).view(np.int32) >> 8) * 2.0**-23 * np.pi / 4
        sin, cos, bit = np.sin(angle), np.cos(angle), lambda k: (y >> np.uint64(k) & np.uint64(1)) == 1
        front = np.where(bit(1), radius, -radius) * np.where(bit(0), sin, cos)
        back = np.where(bit(2), radius, -radius) * np.where(bit(0), cos, sin)
        noise = np.concatenate([front, back], 1).astype(np.float32).ravel()[:count].reshape(shape)
        if self.mass:
            noise[:, -1] = 0
        return noise


def _categories(about):
    """Columns of texts: the place of their first level among the columns of numbers, and their levels."""
    categories = (about["transform"] or {}).get("categories") or []
    return {one["name"]: (one["first"], one["levels"]) for one in categories}


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None


def _read(path, about):
    """The rows of a file, and its columns by name (None for .npy)."""
    if not path.endswith(".csv"):
        x = np.load(path)
        shape = (about["projection"] or about.get("autoencoder") or {}).get("shape")
        return (x.reshape(-1, *shape) if shape else x), None
    with open(path, encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    columns = dict(zip(head, zip(*rows)))
    names = about["columns"] or head
    for category, (first, levels) in _categories(about).items():
        texts = [text.strip() for text in columns.get(category, [])]
        for row, text in enumerate(texts):
            if text not in levels:
                found = f"{text!r} in column {category}, row {row + 1}"
                raise ValueError(f"{path} has {found}: expected one of {', '.join(levels)}")
        if category in columns:
            for k, level in enumerate(levels):
                columns[names[first + k]] = ["1" if text == level else "0" for text in texts]
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}; it has {', '.join(head)}")
    values = [[_number(text) for text in columns[name]] for name in names]
    for name, column in zip(names, values):
        if None in column:
            row = column.index(None)
            found = f"{columns[name][row]!r} in column {name}, row {row + 1}"
            raise ValueError(f"{path} has {found}: expected a number")
    return np.array(values).T, columns


def _write(path, x, weight, about):
    if not path.endswith(".csv"):
        return np.save(path, x if weight is None else np.column_stack([x, weight]))
    names = about["columns"] or [f"x{k + 1}" for k in range(x.shape[1])]
    rows = (x if weight is None else np.column_stack([x, weight])).tolist()
    names = names if weight is None else [*names, "weight"]
    for category, (first, levels) in reversed(_categories(about).items()):
        texts = [levels[row[first : first + len(levels)].index(1)] for row in rows]
        names = [*names[:first], category, *names[first + len(levels) :]]
        rows = [[*row[:first], text, *row[first + len(levels) :]] for row, text in zip(rows, texts)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def main():
    about, _, shell = __doc__.partition("\n\n")
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=shell, formatter_class=form)
    parser.add_argument("new", metavar="NEW", help="rows to transport, .csv or .npy")
    parser.add_argument("out", metavar="OUT", help="where to write them, .csv or .npy")
    parser.add_argument("direction", nargs="?", choices=["f", "b"], help="f: from source to target; b: back")
    parser.add_argument("--from", dest="start", metavar="TIME", help="the time of NEW (default: the first)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="the time of OUT (default: the last)")
    parser.add_argument("--steps", type=int, metavar="N", help="steps of an interval (default: as trained)")
    parser.add_argument("--seed", type=int, default=42, metavar="N", help="of the noise (default: 42)")
    parser.add_argument("--cond", metavar="FILE", help=".npy with a condition for each row, if it is no column of NEW")
    parser.add_argument("--classes", metavar="FILE", help=".npy with a class for each row, integers from 0")
    given = parser.parse_args()
    try:
        bridge = load()
        x, columns = _read(given.new, bridge.about)
        cond = ((bridge.about["conditions"] or {}).get("cond") or {}).get("column")
        if given.cond:
            cond = np.load(given.cond)
        elif cond and columns is not None:
            cond = columns[cond["name"]]
        y = np.load(given.classes) if given.classes else None
        x, weight = bridge.sample(x, given.direction, given.start, given.end, given.steps, given.seed, cond, y)
        _write(given.out, x, weight, bridge.about)
    except ImportError:
        sys.exit(MISSING)
    except (ValueError, OSError) as error:
        sys.exit(f"sample.py: {error}")


if __name__ == "__main__":
    main()
