"""The package as users install it: pip without a network, and what is said when the library is not
there."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import venv
import zipfile

from support import BIN, PACKAGE, environment

# Nothing answers there: whoever wants the network fails at once.
NOWHERE = "http://127.0.0.1:9"


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ringside-install-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_python(self, *arguments, check=True, **more):
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        env.update(http_proxy=NOWHERE, https_proxy=NOWHERE, PIP_INDEX_URL=NOWHERE, **more)
        done = subprocess.run(
            [str(word) for word in arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            env=env,
            cwd=self.folder,
        )
        if check:
            self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_pip_installs_it_without_a_network_and_it_works(self):
        home = os.path.join(self.folder, "venv")
        venv.create(home, with_pip=True)
        python = os.path.join(home, "bin", "python")
        # As users type it: with isolation, and the folder as the one argument.
        self.run_python(python, "-m", "pip", "install", "--disable-pip-version-check", PACKAGE)
        shown = self.run_python(python, "-m", "pip", "show", "--files", "ringside")
        self.assertIn("ringside/py.typed", shown)
        version = self.run_python(os.path.join(BIN, "ringside"), "--version").split()[1]
        self.assertIn(f"Version: {version}", shown)
        code = (
            "import ringside; print(ringside.__version__, ringside.__file__);"
            "ringside.Producer('load', 'p', bus='bus').publish({'seed': 4});"
            "print(next(iter(ringside.Reader('load', bus='bus'))).value['seed'])"
        )
        words = self.run_python(python, "-c", code).split()
        self.assertEqual((words[0], words[2]), (version, "4"))
        self.assertTrue(words[1].startswith(home))

    def test_the_wheel_is_the_same_each_time(self):
        code = f"import sys; sys.path.insert(0, {PACKAGE!r}); import backend, os; os.chdir(sys.argv[1])"
        digests = set()
        for name in ("one", "two"):
            target = os.path.join(self.folder, name)
            os.mkdir(target)
            built = self.run_python(
                sys.executable, "-c", code + "; print(backend.build_wheel('.'), backend.build_sdist('.'))",
                target,
            ).split()
            with open(os.path.join(target, built[0]), "rb") as file:
                digests.add(hashlib.sha256(file.read()).hexdigest())
        self.assertEqual(len(digests), 1)

    def test_a_copy_of_the_folder_alone_knows_no_tree(self):
        copied = os.path.join(self.folder, "some", "python")
        shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
        code = "import sys; sys.path.insert(0, sys.argv[1]); import backend; print(backend.build_wheel('.'))"
        for source, names in ((copied, 0), (PACKAGE, 1)):
            wheel = self.run_python(sys.executable, "-B", "-c", code, source).strip()
            with zipfile.ZipFile(os.path.join(self.folder, wheel)) as archive:
                self.assertEqual(archive.namelist().count("ringside/_tree.py"), names)
        # Nor does it when it is used as it lies there, with a library planted in what is above it.
        planted = os.path.join(self.folder, "build", "release", "lib")
        os.makedirs(planted)
        library = os.path.join(planted, "libringside.so.0")
        shutil.copy(os.environ["RINGSIDE_LIBRARY"], library)
        env = {**os.environ, "PYTHONPATH": copied}
        del env["RINGSIDE_LIBRARY"]
        done = subprocess.run(
            [sys.executable, "-B", "-c", "import ringside; print(ringside.library_path)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            env=env,
            cwd=self.folder,
        )
        self.assertNotIn(planted, done.stdout + done.stderr)

    def test_the_library_is_found_beside_the_program_in_the_path(self):
        # As `cmake --install` puts it, and without the tree that it was built in.
        copied = os.path.join(self.folder, "python")
        shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
        for libdir in ("lib", "lib/x86_64-linux-gnu"):
            prefix = os.path.join(self.folder, "a prefix", libdir.replace("/", "-"))
            os.makedirs(os.path.join(prefix, "bin"))
            os.makedirs(os.path.join(prefix, libdir))
            shutil.copy(os.path.join(BIN, "ringside"), os.path.join(prefix, "bin"))
            library = os.path.join(prefix, libdir, "libringside.so.0")
            shutil.copy(os.environ["RINGSIDE_LIBRARY"], library)
            # A link to the program will do.
            links = os.path.join(prefix, "links")
            os.mkdir(links)
            os.symlink(os.path.join(prefix, "bin", "ringside"), os.path.join(links, "ringside"))
            for folder in ("bin", "links"):
                env = {**os.environ, "PYTHONPATH": copied}
                env["PATH"] = os.path.join(prefix, folder) + ":" + env["PATH"]
                del env["RINGSIDE_LIBRARY"]
                shown = subprocess.check_output(
                    [sys.executable, "-B", "-c", "import ringside; print(ringside.library_path)"],
                    universal_newlines=True,
                    env=env,
                    cwd=self.folder,
                )
                self.assertEqual(shown.strip(), library)

    def test_where_the_library_was_looked_for_is_told(self):
        for named in ("/nonexistent/libringside.so", "/etc/passwd"):
            done = subprocess.run(
                [sys.executable, "-c", "import ringside"],
                stderr=subprocess.PIPE,
                universal_newlines=True,
                env=environment(RINGSIDE_LIBRARY=named),
            )
            self.assertEqual(done.returncode, 1)
            last = done.stderr.strip().splitlines()[-1]
            self.assertIn("LibraryNotFound", last)
            self.assertIn(named, last)
            self.assertIn("RINGSIDE_LIBRARY", last)


if __name__ == "__main__":
    unittest.main()
