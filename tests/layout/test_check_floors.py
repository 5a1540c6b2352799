#!/usr/bin/env python3
"""check_floors.py finds each kind of wrong include in a tree made for it."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import check_floors


class CheckFloors(unittest.TestCase):
    def problems(self, files):
        """The problems of a tree with these files, a dict of path to text."""
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(check_floors.check_tree(root))

    def assert_allowed(self, path, line):
        self.assertEqual(self.problems({path: line + "\n"}), [])

    def assert_refused(self, path, line):
        found = self.problems({path: "#include <stdio.h>\n" + line + "\n"})
        self.assertEqual(len(found), 1, found)
        self.assertIn(path + ":2: ", found[0])

    def test_lower_floors_and_own_files(self):
        self.assert_allowed("src/net/a.c", '#include "ops/op.h"')
        self.assert_allowed("src/net/a.c", '#include "net/plan.h"')
        self.assert_allowed("src/train/a.c", '#include "data/loader.h"')
        self.assert_allowed("src/cli/a.c", '#include "cli/verb.h"')
        self.assert_allowed("src/cli/a.c", '#include "a.c"')
        self.assert_allowed("src/cli/a.c", "#include <gnet/run.h>")
        self.assert_allowed("src/train/a.c", "#include <jansson.h>")

    def test_higher_floors(self):
        self.assert_refused("src/base/a.c", '#include "config/node.h"')
        self.assert_refused("src/train/a.h", '#include "report/page.h"')
        self.assert_refused("src/train/a.h", "#  include <report/page.h>")

    def test_folders_of_one_floor(self):
        self.assert_refused("src/net/a.c", '#include "data/loader.h"')
        self.assert_refused("src/data/a.c", '#include "net/graph.h"')
        self.assert_refused("src/tensor/a.c", '#include "config/node.h"')

    def test_cli_and_public_headers(self):
        self.assert_refused("src/cli/a.c", '#include "base/log.h"')
        found = self.problems({"src/base/a.c": "", "include/gnet/a.h": '#include "base/log.h"\n'})
        self.assertEqual(len(found), 1, found)

    def test_seams(self):
        self.assert_allowed("src/config/a.c", "#include <yaml.h>")
        self.assert_allowed("src/dnn/a.c", "#include <dnnl.h>")
        self.assert_refused("src/train/a.c", "#include <yaml.h>")
        self.assert_refused("src/ops/a.c", "#include <dnnl_types.h>")
        self.assert_refused("src/ops/a.c", '#include "oneapi/dnnl/dnnl.h"')

    def test_ways_around(self):
        self.assert_refused("src/base/a.c", '#include "../net/graph.h"')
        self.assert_refused("src/base/a.c", '#include "log.h"')
        self.assert_refused("src/base/a.c", "#include HEADER")

    def test_file_names(self):
        self.assertEqual(len(self.problems({"src/net/a.c": "", "src/data/a.c": ""})), 1)
        self.assertEqual(
            self.problems(
                {"src/net/a.c": "", "src/net/meson.build": "", "src/data/meson.build": ""}
            ),
            [],
        )

    def test_unknown_folder_and_empty_tree(self):
        self.assertEqual(len(self.problems({"src/other/a.c": ""})), 1)
        self.assertEqual(len(self.problems({"README": ""})), 1)


if __name__ == "__main__":
    unittest.main()
