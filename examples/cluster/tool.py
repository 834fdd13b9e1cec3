#!/usr/bin/env python3
"""What examples/cluster/run needs besides Relay: a service, and visitors who notice if they are disturbed.

  tool.py ports <n>                          prints free ports of 127.0.0.1
  tool.py echo                               a service that sends back what it gets
  tool.py visit <pid> <port> <host>...       visits the port at these hosts, kills the process, and goes on
"""
import os
import signal
import socket
import sys
import threading
import time

LOCAL = "127.0.0.1"
ANSWER = 5.0  # s; a visitor who waits longer was not served
BEFORE, AFTER, PAUSE = 2.0, 4.0, 0.05  # s


def daemon(task, *args):
    threading.Thread(target=task, args=args, daemon=True).start()


def listen():
    listener = socket.create_server((LOCAL, 0), backlog=100)
    print("listening on", listener.getsockname()[1], flush=True)
    return listener


def copy(source, target):
    """Until the source ends; a reset ends both."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def echo():
    listener = listen()
    while True:
        client = listener.accept()[0]
        daemon(copy, client, client)


def ask(visitor, text):
    visitor.sendall(text)
    answer = b""
    while len(answer) < len(text):
        data = visitor.recv(65536)
        if not data:
            raise OSError("the connection has ended")
        answer += data
    if answer != text:
        raise OSError("a foreign answer")


class Visitors:
    """One visitor who stays, at the first host, and new ones at all hosts, one after the other at each."""

    def __init__(self, port, hosts):
        self.port, self.hosts = port, hosts
        self.lock = threading.Lock()
        self.killed = None  # when
        self.ended = False
        self.exchanges, self.served, self.failures, self.longest = 0, 0, [], 0.0

    def stay(self):
        try:
            with socket.create_connection((self.hosts[0], self.port), timeout=ANSWER) as visitor:
                while not self.ended:
                    ask(visitor, b"still here? %d\n" % self.exchanges)
                    self.exchanges += 1
                    time.sleep(PAUSE)
        except OSError as e:
            self.failures.append(f"the visitor who stays at {self.hosts[0]}: {e}")

    def come(self, host):
        while not self.ended:
            begin = time.monotonic()
            try:
                with socket.create_connection((host, self.port), timeout=ANSWER) as visitor:
                    ask(visitor, b"hello %f\n" % begin)
            except OSError as e:
                self.failed(host, begin, e)
            else:
                with self.lock:
                    self.served += 1
                    self.longest = max(self.longest, time.monotonic() - begin)
            time.sleep(PAUSE)

    def failed(self, host, begin, e):
        """A visitor who was with the killed node cannot be saved. Whoever comes later must be."""
        with self.lock:
            if self.killed is None or begin > self.killed:
                self.failures.append(f"a new visitor at {host}: {e}")

    def awaken(self):
        """The first visitor at each node waits for its link to other nodes."""
        for host in self.hosts:
            with socket.create_connection((host, self.port), timeout=ANSWER) as visitor:
                ask(visitor, b"first\n")

    def run(self, pid):
        self.awaken()
        daemon(self.stay)
        for host in self.hosts:
            daemon(self.come, host)
        time.sleep(BEFORE)
        with self.lock:
            os.kill(pid, signal.SIGKILL)
            self.killed = time.monotonic()
        time.sleep(AFTER)
        self.ended = True
        print(f"the visitor who stayed at {self.hosts[0]}: {self.exchanges} questions answered")
        print(f"new visitors at {' and '.join(self.hosts)}: {self.served} served, the longest wait was {self.longest * 1000:.0f} ms")
        for failure in self.failures:
            print("FAILED:", failure)
        return 1 if self.failures or self.exchanges < 10 or self.served < 10 else 0


def main(command, *args):
    if command == "ports":
        sockets = [socket.create_server((LOCAL, 0)) for _ in range(int(args[0]))]
        print(*(each.getsockname()[1] for each in sockets))
    elif command == "echo":
        echo()
    elif command == "visit":
        return Visitors(int(args[1]), args[2:]).run(int(args[0]))
    else:
        sys.exit(__doc__)
    return 0


sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
