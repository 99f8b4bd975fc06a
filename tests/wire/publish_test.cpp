// `ringside publish`: lines of JSON become events, and what is none is refused by line and reason.
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/publish_workshop.hpp"

using namespace ringside::support;
using namespace ringside::wire_test;

TEST_CASE("publish makes an event of each line, every kind of value as it was given") {
  const Workshop workshop;
  const std::string line =
      R"({"name":"caf\u00e9 \"x\"","value":-1.5e3,"count":65535,"good":true,"kind":"Light",)"
      R"("at":{"x":1.0,"y":2.5},"history":[0.5,2.0],"tags":["a","b"],"notes":[{"text":"n"}],)"
      R"("extra_type":"Alarm","extra":{"level":3},"big":18446744073709551615})";
  const Outcome outcome = workshop.publish(
      "\xEF\xBB\xBF" + line +
      "\n\n{\"name\":\"two\",\"value\":100000000000000000000}\r\n  \n{\"name\":\"last\"}");
  INFO(outcome.errors);
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.find("3 events of 5 lines, 0 refused") != std::string::npos);
  const std::vector<nlohmann::json> events = workshop.events();
  REQUIRE(events.size() == 3);
  const nlohmann::json given = nlohmann::json::parse(line);
  for (const auto& [name, value] : given.items()) {
    INFO(name);
    CHECK(events[0].at(name) == value);
  }
  CHECK(events[1].at("value") == 1e20);
  CHECK(events[2].at("name") == "last");
}

TEST_CASE("a line that is no event is refused by number and reason, and the rest goes on") {
  const Workshop workshop;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {R"({"nam":"x"})", R"("nam": no such field; there are at, big)"},
      {"{\"na\x1B[2J\":1}", "character 5"},
      {R"({"name\u0000":"x"})", R"("name\x00": no such field)"},
      {R"({"name":"\ud800"})", "character"},
      {R"({"value":1e999})", "character"},
      {R"({"name":5})", "name: a text is wanted, not a number (5)"},
      {R"({"value":"5"})", R"(value: a number is wanted, not a text ("5"))"},
      {R"({"count":1.5})", "count: a whole number is wanted, not a number (1.5)"},
      {R"({"count":"1"})", "count: a whole number is wanted, not a text"},
      {R"({"count":65536})",
       "count: a whole number from 0 to 65535 is wanted, not a number (65536)"},
      {R"({"count":-1})", "count: a whole number from 0 to 65535 is wanted, not a number (-1)"},
      {R"({"good":1})", "good: true or false is wanted, not a number (1)"},
      {R"({"kind":"Sound"})", R"(kind: "Sound" is none of Heat, Light)"},
      {R"({"kind":"Heat Light"})", R"(kind: "Heat Light" is none of Heat, Light)"},
      {R"({"kind":"1"})", R"(kind: "1" is none of Heat, Light)"},
      {R"({"kind":null})", "kind: a whole number is wanted, not null"},
      {R"({"tags":["a",null]})", "tags[1]: a text is wanted, not null"},
      {R"({"history":[3.4028235e38,3.40282357e38]})",
       "history[1]: a number that a float can hold is wanted, not a number (3.40282357e38)"},
      {R"({"big":18446744073709551616})",
       "big: a whole number from 0 to 18446744073709551615 is wanted, not a number (1844"},
      {R"({"tags":"red"})", "tags: a list is wanted, not a text"},
      {R"({"at":[1,2]})", "at: an object is wanted, not a list"},
      {R"({"at":{"x":1}})", "at.y: missing: a struct has all of its fields"},
      {R"({"at":{"x":1,"z":2}})", R"(at: "z": no such field; there are x, y)"},
      {R"({"history":[1,"2"]})", R"(history[1]: a number is wanted, not a text ("2"))"},
      {R"({"tags":"a"})", "tags: a list is wanted, not a text"},
      {R"({"notes":[{"texts":"n"}]})", R"(notes[0]: "texts": no such field; there are text)"},
      {R"({"extra_type":"Note","extra":{"level":3}})", R"("level": no such field)"},
      {R"({"extra_type":"Reading","extra":{}})", R"("Reading" is none of NONE, Note, Alarm)"},
      {R"({"extra":{"level":3}})", "extra: its type, extra_type, is missing"},
      {R"({"extra":{"level":"3"},"extra_type":"Alarm"})",
       "extra.level: a whole number is wanted, not a text"},
      {R"({"extra":{"level":3},"extra_type":"NONE"})", "extra: its type is NONE"},
      {R"({"extra":{"level":3},"extra_type":9})", "extra: 9 is none of NONE, Note, Alarm"},
      {R"({"name":"a","name":"b"})", "name: given twice"},
      {R"(["name"])", "an event is an object"},
      {R"("name")", "an event is an object"},
      {R"({"name":"a"} x)", "character"},
      {R"({"name":"a")", "character"},
      {R"({name:"a"})", "character"},
      {R"({"value":NaN})", "character"},
      {R"({"value":1,})", "character"},
      {"{\"name\":\"\xFF\"}", "UTF-8"},
      {std::string("{\"name\":\"a\0b\"}", 14), "a NUL"}};
  std::string input;
  for (const auto& [line, reason] : bad) input += line + "\n{\"name\":\"good\"}\n";
  const Outcome outcome = workshop.publish(input);
  CHECK(outcome.status == 1);
  CHECK(workshop.events().size() == bad.size());
  std::istringstream reported(outcome.errors);
  std::size_t number = 1;
  for (const auto& [line, reason] : bad) {
    std::string message;
    std::getline(reported, message);
    INFO(line);
    INFO(message);
    CHECK(message.starts_with("ringside: line " + std::to_string(number) + ": "));
    CHECK(message.find(reason) != std::string::npos);
    number += 2;
  }
}

TEST_CASE("each union is checked by its own type, whichever order they come in") {
  Workshop workshop;
  std::ofstream(workshop.schema) << "table B { b:int; } union U { A, B } table A { a:int; deep:U; }"
                                    "table T { u:U; v:U; all:[U]; } root_type T;";
  const std::vector<std::string> good = {
      R"({"u_type":"A","u":{"a":1},"v_type":"B","v":{"b":2}})",
      R"({"u":{"a":1},"u_type":"A","v_type":2,"v":{"b":2}})",
      R"({"u":{"deep":{"deep":{"b":7},"deep_type":"B"},"deep_type":"A"},"u_type":"A"})",
      R"({"all_type":["A","B"],"all":[{"a":1},{"b":2}]})",
      R"({"u_type":"A","v_type":"B","u":{"a":1},"v":{"b":2}})",
      R"({"v_type":"A","v":{"a":1},"u_type":"B","u":{"b":2}})",
      R"({"all":[{"a":1}],"u":null,"all_type":["A"]})"};
  const std::vector<std::pair<std::string, std::string>> bad = {
      {R"({"u":{"deep":{"b":"x"},"deep_type":"B"},"u_type":"A"})",
       "u.deep.b: a whole number is wanted"},
      {R"({"all_type":["A","B"],"all":[{"a":1},{"a":2}]})",
       R"(all[1]: "a": no such field; there are b)"},
      {R"({"all_type":["A"],"all":[{"a":"1"}]})", "all[0].a: a whole number is wanted, not a text"},
      {R"({"all":[{"a":1}],"all_type":["A","B"]})",
       "all: a list of 1 types is wanted beside it, in all_type"},
      {R"({"all":[{"a":1}]})", "all: its type, all_type, is missing"}};
  std::string input;
  for (const std::string& line : good) input += line + "\n";
  for (const auto& [line, reason] : bad) input += line + "\n";
  const Outcome outcome = workshop.publish(input);
  INFO(outcome.errors);
  const std::vector<nlohmann::json> events = workshop.events();
  REQUIRE(events.size() == good.size());
  CHECK(events[0].at("u").at("a") == 1);
  CHECK(events[1].at("v").at("b") == 2);
  CHECK(events[2].at("u").at("deep").at("deep").at("b") == 7);
  CHECK(events[3].at("all").at(1).at("b") == 2);
  CHECK(events[4].at("u").at("a") == 1);
  CHECK(events[5].at("v").at("a") == 1);
  CHECK(events[6].at("all").at(0).at("a") == 1);
  std::istringstream reported(outcome.errors);
  for (const auto& [line, reason] : bad) {
    std::string message;
    std::getline(reported, message);
    INFO(line);
    CHECK(message.find(reason) != std::string::npos);
  }
}

TEST_CASE("what tail prints is published again as it was, by .fbs and by .bfbs") {
  const Workshop workshop;
  std::ofstream(workshop.schema) << R"(
    enum Colour : int { Red = 1, Green, Blue }
    enum Flags : ubyte (bit_flags) { Up, Down, Left = 4 }
    struct Dot { x:float; }
    table Line { length:float; next:Line; }
    union Shape { Line, Dot, label:string }
    table Row { name:string (key); count:int; }
    table All {
      maybe:int = null; ratio:double = null; real:double; reals:[float]; colour:Colour = Red;
      flags:Flags; shape:Shape; shapes:[Shape]; rows:[Row]; big:ulong; low:long; text:string;
      inside:[ubyte] (nested_flatbuffer: "Row"); old:int (deprecated);
    }
    root_type All;)";
  std::string deep = R"({"length":1})";
  for (int i = 0; i < 62; ++i) deep = std::string(R"({"length":1,"next":)") + deep + "}";
  const std::string input = std::string(R"({}
{"maybe":null,"ratio":"NaN","real":"-Infinity","reals":["NaN","Infinity",-0.0,1e-45],"colour":"Blue"}
{"maybe":0,"flags":"Up Left","shape_type":"Dot","shape":{"x":-0.0},"big":18446744073709551615}
{"shape":"a\u0000\u2028\ud83d\ude00","shape_type":"label","low":-9223372036854775808,"colour":3.0}
{"shapes_type":["Dot","Line","label"],"shapes":[{"x":1},{"length":2},"t"],"flags":9,"inside":[1,255]}
{"rows":[{"name":"b"},{"name":"a","count":-1}],"real":-0.0,"low":-90e-1}
{"shape_type":"Line","shape":)") +
                            deep + "}\n";
  REQUIRE(run_command({"/usr/bin/flatc", "--binary", "--schema", "-o", workshop.folder.text(),
                       workshop.schema})
              .status == 0);
  Workshop binary;
  binary.schema = (workshop.folder.path() / "reading.bfbs").string();
  const auto lines = [](const Workshop& of) {
    std::string all;
    for (const nlohmann::json& event : of.events()) all += event.dump() + "\n";
    return all;
  };
  for (const Workshop* const first : std::array<const Workshop*, 2>{&workshop, &binary}) {
    const Outcome outcome = first->publish(input);
    INFO(outcome.errors);
    CHECK(outcome.status == 0);
    CHECK(first->events().size() == 7);
    Workshop again;
    again.schema = first->schema;
    CHECK(again.publish(lines(*first)).status == 0);
    CHECK(again.events() == first->events());
  }
  CHECK(workshop.events() == binary.events());
  const nlohmann::json events = workshop.events();
  CHECK(events[0].at("maybe").is_null());
  CHECK(events[1].at("reals") == nlohmann::json::parse(R"(["NaN","Infinity",-0.0,1e-45])"));
  CHECK(events[1].at("real") == "-Infinity");
  CHECK(events[2].at("flags") == 17);
  CHECK(events[3].at("colour") == "Blue");
  CHECK(events[4].at("shapes").at(2) == "t");
  CHECK(events[5].at("rows").at(0).at("name") == "a");
  CHECK(std::signbit(events[5].at("real").get<double>()));
  CHECK(events[5].at("low") == -9);
  // Words of FlatBuffers' own, numbers in quotes, and names that are no flags.
  for (const std::string bad :
       {R"({"real":"nan"})", R"({"real":"1"})", R"({"real":"inf"})", R"({"colour":"Red Green"})",
        R"({"colour":"3"})", R"({"flags":"Up  Down"})", R"({"flags":"Up "})", R"({"flags":""})",
        R"({"low":0x10})", R"({"low":01})", R"({"low":true})", R"({"old":1})", R"({"low":1e-1})",
        R"({"low":9223372036854775808})", R"({"big":-1})", R"({"low":"NaN"})",
        R"({"real":1e309})"}) {
    INFO(bad);
    CHECK(workshop.publish(bad).status == 1);
    CHECK(binary.publish(bad).status == 1);
  }
}

TEST_CASE("an event of many megabytes is published, printed, and published again") {
  const Workshop first;
  const std::string name(20'000'000, 'n');
  const nlohmann::json line = {{"name", name}};
  const Outcome published = first.publish(line.dump() + "\n");
  INFO(published.errors);
  REQUIRE(published.status == 0);
  const std::vector<nlohmann::json> printed = first.events();
  REQUIRE(printed.size() == 1);
  const Workshop second;
  REQUIRE(second.publish(printed[0].dump() + "\n").status == 0);
  CHECK((second.events() == printed));
  CHECK((printed[0].at("name") == name));
}

TEST_CASE(
    "a line that no event of the segment is as JSON is refused with the length, and passed over") {
  const Workshop workshop;
  std::string input(75'000'000, ' ');
  input += "{\"name\":\"long\"}\n{\"name\":\"next\"}\n";
  const Outcome outcome = workshop.publish(input, {"--capacity", "64KiB"});
  INFO(outcome.errors);
  CHECK(outcome.status == 1);
  // 64 MiB, and 64 times the largest event, which has 24 bytes less than the ring.
  CHECK_THAT(outcome.errors, Catch::Matchers::Contains("line 1: longer than 71301632 bytes"));
  CHECK_THAT(outcome.errors, Catch::Matchers::Contains("1 events of 2 lines"));
  CHECK(workshop.events().size() == 1);
}

TEST_CASE("a point whose union is left out is refused with the way to write it") {
  const Workshop workshop;
  const Outcome outcome = run_command({"/bin/sh", "-c", R"(echo '{"episode_id":"e","x":1}' | "$@")",
                                       "sh", kRingside, "--bus", workshop.bus.text(), "publish",
                                       "readings", "--producer", "pipe", "--type", "embedding"});
  CHECK(outcome.status == 1);
  CHECK(outcome.errors.find(
            R"("episode_id": no such field; there are body, body_type; perhaps {"body_type": )"
            R"("Embedding", "body": {"episode_id": ...}}, which makes it one of Embedding)") !=
        std::string::npos);
}

TEST_CASE("what cannot be read to its end is no success") {
  const Workshop workshop;
  const auto from = [&](const std::string& redirection) {
    return run_command({"/bin/sh", "-c", "exec \"$@\" " + redirection, "sh", kRingside, "--bus",
                        workshop.bus.text(), "publish", "readings", "--producer", "pipe",
                        "--schema", workshop.schema});
  };
  for (const std::string redirection : {"< /", "<&-"}) {
    INFO(redirection);
    const Outcome outcome = from(redirection);
    CHECK(outcome.status == 1);
    CHECK(outcome.errors.find("cannot read standard input after line 0: ") != std::string::npos);
  }
  CHECK(from("< /dev/null").status == 0);
}

TEST_CASE("what a publisher prints goes into no segment, whichever streams are closed") {
  const Workshop workshop;
  const std::string ring = (workshop.bus.path() / "readings/pipe.ring").string();
  for (const std::string redirection : {"2>&-", ">&- 2>&-", "2>&-", "<&- >&- 2>&-"}) {
    INFO(redirection);
    run_command({"/bin/sh", "-c", "echo '{\"name\":\"a\"}' | \"$@\" " + redirection, "sh",
                 kRingside, "--bus", workshop.bus.text(), "publish", "readings", "--producer",
                 "pipe", "--schema", workshop.schema});
    CHECK(run_command({kRingside, "verify", ring}).status == 0);
    CHECK(text_of(workshop.bus.path() / ".doorbell").find("ringside:") == std::string::npos);
  }
  CHECK(workshop.events().size() == 3);
}

TEST_CASE("points are published by the built-in type, without a schema") {
  const Workshop workshop;
  const auto publish = [&](const std::vector<std::string>& kind) {
    std::vector<std::string> command = {
        "/bin/sh",
        "-c",
        R"(echo '{"body_type":"Embedding","body":{"episode_id":"e","x":0.5}}' | "$@")",
        "sh",
        kRingside,
        "--bus",
        workshop.bus.text(),
        "publish",
        "readings",
        "--producer",
        "pipe"};
    command.insert(command.end(), kind.begin(), kind.end());
    return run_command(command);
  };
  CHECK(publish({"--type", "embedding"}).status == 0);
  REQUIRE(workshop.events().size() == 1);
  CHECK(workshop.events()[0].at("body").at("x") == 0.5);
  CHECK(publish({"--type", "points"}).status == 2);
  CHECK(publish({}).status == 2);
  CHECK(publish({"--type", "embedding", "--schema", workshop.schema}).status == 2);
}

TEST_CASE("a follower is told of a new epoch, and of what it never saw of it") {
  const Workshop workshop;
  CHECK(workshop.publish("{\"name\":\"1\"}\n").status == 0);
  const std::string reported = (workshop.folder.path() / "reported").string();
  Process tail({.command = {kRingside, "--bus", workshop.bus.text(), "tail", "readings", "--follow",
                            "--json"},
                .environment = {},
                .errors = reported});
  std::vector<nlohmann::json> seen;
  const auto see = [&] { seen.push_back(nlohmann::json::parse(tail.wait_for_line("sequence"))); };
  see();
  CHECK(workshop.publish("{\"name\":\"2\"}\n{\"name\":\"3\"}\n", {"--retain", "1"}).status == 0);
  do see();
  while (seen.back().at("event").at("name") != "3");
  CHECK(seen[0].at("epoch") != seen.back().at("epoch"));
  CHECK(seen.back().at("sequence") == 1);
  tail.send_signal(SIGTERM);
  CHECK(tail.wait() == 0);
  std::ifstream file(reported);
  const std::string errors{std::istreambuf_iterator<char>(file), {}};
  CHECK(errors.find("readings/pipe: a new epoch, ") != std::string::npos);
  // Unless it was quick enough to see the first.
  CHECK((seen.size() == 3 ||
         errors.find("readings/pipe: sequences 0 to 0 were overwritten") != std::string::npos));
}

TEST_CASE("publish takes .bfbs as well, and says what is wrong with a schema") {
  const Workshop workshop;
  const auto with_schema = [&](const std::string& name, const std::string& text) {
    const std::string path = (workshop.folder.path() / name).string();
    std::ofstream(path) << text;
    return run_command({kRingside, "--bus", workshop.bus.text(), "publish", "readings",
                        "--producer", "p", "--schema", path});
  };
  CHECK(with_schema("broken.fbs", "table A { x: }").errors.find("broken.fbs") != std::string::npos);
  CHECK(with_schema("broken.fbs", "table A { x: }").status == 2);
  CHECK(with_schema("no_root.fbs", "table A { x:int; }").errors.find("root") != std::string::npos);
  CHECK(with_schema("not.bfbs", "nonsense").status == 2);
  CHECK(run_command({kRingside, "--bus", workshop.bus.text(), "publish", "c", "--producer", "p",
                     "--schema", "/nowhere.fbs"})
            .status != 0);
  REQUIRE(run_command({"/usr/bin/flatc", "--binary", "--schema", "-o", workshop.folder.text(),
                       workshop.schema})
              .status == 0);
  Workshop binary;
  binary.schema = (workshop.folder.path() / "reading.bfbs").string();
  CHECK(binary.publish("{\"name\":\"x\"}\n").status == 0);
  CHECK(binary.events().size() == 1);
}
