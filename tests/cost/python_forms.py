"""Publishes from Python, so many times: `python_forms.py events|columns COUNT BUS`."""

import sys

import ringside

POINTS = 1000


def events(producer, count):
    point = {
        "episode_id": "episode-00001",
        "host_id": "worker-1",
        "profile": "fast",
        "x": 0.5,
        "cluster": 4,
    }
    for _ in range(count):
        producer.publish(point)


def columns(producer, count):
    import numpy  # here, since it takes longer than all of the events

    ids = [f"episode-{i:05d}" for i in range(POINTS)]
    x = numpy.arange(POINTS, dtype=numpy.float32)
    y = x * 0.5
    z = x * 0.25
    cluster = numpy.arange(POINTS) % 10
    for cycle in range(count):
        producer.publish_columns(
            episode_id=ids, host_id="worker-1", x=x, y=y, z=z, cluster=cluster, cycle=cycle
        )


def main():
    form, count, bus = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    publish, capacity = {"events": (events, 1 << 16), "columns": (columns, 1 << 20)}[form]
    with ringside.Producer("embedding", "python", bus=bus, capacity_bytes=capacity) as producer:
        publish(producer, count)
        if producer.info.next != count:
            sys.exit("python_forms.py: not every event was published")


if __name__ == "__main__":
    main()
