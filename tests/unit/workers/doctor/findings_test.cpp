#include "workers/doctor/findings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace prefork::doctor {
namespace {

class Findings : public testing::Test {
 protected:
  Findings() {
    facts_.has_memfd = true;
    facts_.somaxconn = 4096;
    facts_.overcommit = 0;
    facts_.shm_free = 1'000'000'000;
    facts_.huge_pages = "madvise";
    facts_.core_pattern = "core";
    facts_.clock_source = "tsc";
  }

  [[nodiscard]] Finding of(const std::string& name) const {
    const auto findings = judge(facts_, options_);
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [&](const Finding& one) { return one.name == name; });
    return found == findings.end() ? Finding{Verdict::fail, "nothing called " + name, ""} : *found;
  }
  [[nodiscard]] Verdict verdict(const std::string& name) const { return of(name).verdict; }

  Facts facts_;
  config::Options options_;
};

TEST_F(Findings, AreFineOnAMachineWithoutLimits) {
  for (const Finding& finding : judge(facts_, options_)) {
    EXPECT_EQ(finding.verdict, Verdict::ok) << finding.name << ": " << finding.text;
  }
}

TEST_F(Findings, BlameNobodyForWhatCannotBeTold) {
  Facts nothing;
  nothing.has_memfd = true;
  nothing.shm_free = 1'000'000'000;
  for (const Finding& finding : judge(nothing, options_)) {
    EXPECT_EQ(finding.verdict, Verdict::ok) << finding.name << ": " << finding.text;
  }
}

TEST_F(Findings, CompareLimitsWithWhatIsAskedFor) {
  facts_.open_files = 1024;
  EXPECT_EQ(verdict("open files"), Verdict::warn);
  options_.limits.connections = 512;
  EXPECT_EQ(verdict("open files"), Verdict::ok);
  facts_.open_files = 64;
  EXPECT_EQ(verdict("open files"), Verdict::fail);

  options_.processes.workers = 4;
  facts_.pids = 30;
  EXPECT_EQ(verdict("processes"), Verdict::fail);
  facts_.pids = 100;
  EXPECT_EQ(verdict("processes"), Verdict::ok);
  facts_.processes = 30;
  EXPECT_EQ(verdict("processes"), Verdict::fail);
  facts_.is_root = true;
  EXPECT_EQ(verdict("processes"), Verdict::ok) << "root is not held to it";

  facts_.somaxconn = 128;
  EXPECT_EQ(of("backlog"),
            (Finding{Verdict::warn, "backlog",
                     "net.core.somaxconn is 128, so --backlog 2048 has no more; raise it: sysctl "
                     "net.core.somaxconn=2048"}));
}

TEST_F(Findings, DivideTheCgroupAmongTheWorkers) {
  options_.processes.workers = 8;
  facts_.memory = std::uint64_t{64} << 20U;
  EXPECT_EQ(verdict("memory"), Verdict::warn);
  facts_.memory = std::uint64_t{1} << 30U;
  EXPECT_EQ(of("memory").text, "the cgroup has 1g, 128m for each of 8 workers");
  facts_.cpu_quota = 1.5;
  EXPECT_EQ(verdict("processors"), Verdict::warn);
  options_.processes.workers = 2;
  EXPECT_EQ(verdict("processors"), Verdict::ok);
}

TEST_F(Findings, KnowWhatTheKernelMakesDear) {
  facts_.huge_pages = "always";
  EXPECT_EQ(verdict("huge pages"), Verdict::ok);
  options_.processes.preload = true;
  EXPECT_EQ(verdict("huge pages"), Verdict::warn);
  facts_.overcommit = 2;
  EXPECT_EQ(verdict("overcommit"), Verdict::warn);
  facts_.clock_source = "hpet";
  EXPECT_EQ(verdict("clock"), Verdict::warn);
}

TEST_F(Findings, KnowWhatHidesAFault) {
  facts_.ptrace_scope = 1;
  EXPECT_EQ(verdict("debuggers"), Verdict::ok);
  facts_.ptrace_scope = 3;
  EXPECT_EQ(verdict("debuggers"), Verdict::warn);
  facts_.core_bytes = 0;
  EXPECT_EQ(verdict("core dumps"), Verdict::warn);
  facts_.core_pattern = "|/lib/systemd/systemd-coredump %P";
  EXPECT_EQ(verdict("core dumps"), Verdict::ok) << "a program takes them whatever the limit";
}

TEST_F(Findings, FailWhereTheServerWouldNotStart) {
  EXPECT_TRUE(is_fit(judge(facts_, options_)));
  options_.listening.binds = {config::Bind::tcp("0.0.0.0", 80)};
  EXPECT_EQ(of("ports").text,
            "0.0.0.0:80 takes CAP_NET_BIND_SERVICE, as do all below 1024; AmbientCapabilities= of "
            "systemd, setcap, or sysctl net.ipv4.ip_unprivileged_port_start=80");
  EXPECT_FALSE(is_fit(judge(facts_, options_)));
  facts_.first_free_port = 80;
  EXPECT_TRUE(is_fit(judge(facts_, options_)));
  facts_.first_free_port.reset();
  facts_.may_bind_low_ports = true;
  EXPECT_TRUE(is_fit(judge(facts_, options_)));
  facts_.has_memfd = false;
  EXPECT_FALSE(is_fit(judge(facts_, options_)));
  facts_.has_memfd = true;
  facts_.shm_free = 4096;
  EXPECT_EQ(verdict("shared memory"), Verdict::warn);
}

TEST_F(Findings, WarnOfRoot) {
  facts_.is_root = true;
  EXPECT_EQ(verdict("user"), Verdict::warn);
  options_.service.user = "shop";
  options_.service.account = config::Account{33, 33, {33}};
  EXPECT_EQ(of("user").text, "root, and shop to serve");
}

TEST(FindingsText, HasALineForEach) {
  EXPECT_EQ(to_text({{Verdict::ok, "clock", "tsc"}, {Verdict::fail, "ports", "x; y"}}),
            "ok    clock: tsc\nfail  ports: x; y\n");
}

}  // namespace
}  // namespace prefork::doctor
