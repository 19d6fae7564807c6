// What is noted of reloads and upgrades, from what the supervisor says of them.
#include "workers/master/reload_history.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace prefork::master {
namespace {

using supervision::NoticeKind;

class ReloadHistoryTest : public testing::Test {
 protected:
  void note(NoticeKind kind, supervision::Generation generation, const std::string& text = "",
            bool has_failed = false) {
    supervision::action::Notice notice;
    notice.kind = kind;
    notice.generation = generation;
    if (has_failed) {
      notice.failure.emplace();
    }
    history_.note(notice, text);
  }

  // The newest first: kind, generation, outcome and reason.
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> lines;
    for (const std::string& text : notes_->history.get()) {
      const auto json = nlohmann::json::parse(text);
      lines.push_back(json["kind"].get<std::string>() + " " + json["generation"].dump() + " " +
                      json["outcome"].get<std::string>() + " " + json["reason"].dump());
      EXPECT_GE(json["duration_ms"].get<double>(), 0);
      EXPECT_TRUE(json["time"].get<std::string>().ends_with("+00:00"));
    }
    return lines;
  }

  using Told = std::vector<std::string>;

  const std::unique_ptr<ipc::ReloadNotes> notes_ = std::make_unique<ipc::ReloadNotes>();
  ReloadHistory history_{*notes_};
};

TEST_F(ReloadHistoryTest, TellsHowEachReloadEnded) {
  note(NoticeKind::reload_started, 2);
  EXPECT_EQ(told(), Told{});
  note(NoticeKind::reload_finished, 2);
  note(NoticeKind::reload_started, 3);
  note(NoticeKind::reload_aborted, 3, "worker 0 could not boot: \"no\"", true);
  note(NoticeKind::reload_started, 4);
  note(NoticeKind::rollback_started, 4, "worse than those before it", true);
  note(NoticeKind::rollback_finished, 3);
  history_.reload_refused("--workers: 'x' is no number");
  EXPECT_EQ(told(),
            (Told{R"(reload null refused "--workers: 'x' is no number")",
                  R"(reload 4 rolled_back "worse than those before it")",
                  R"(reload 3 given_up "worker 0 could not boot: \"no\"")", "reload 2 done null"}));
}

TEST_F(ReloadHistoryTest, TellsOfOneThatALaterOneHasReplacedBeforeItBegan) {
  note(NoticeKind::reload_started, 2);
  note(NoticeKind::reload_queued, 3);
  note(NoticeKind::reload_queued, 4);
  note(NoticeKind::reload_finished, 2);
  note(NoticeKind::reload_started, 4);
  note(NoticeKind::reload_aborted, 4);
  EXPECT_EQ(told(), (Told{R"(reload 4 given_up "the server is stopping")",
                          "reload 3 superseded null", "reload 2 done null"}));
}

TEST_F(ReloadHistoryTest, TellsAnUpgradeOnceWhicheverProgramSeesItsEnd) {
  history_.upgrade_asked();
  history_.upgrade_refused("it has laid the memory out differently");
  history_.upgrade_refused("nobody has asked");
  EXPECT_EQ(told(), Told{R"(upgrade null refused "it has laid the memory out differently")"});

  history_.upgrade_asked();
  ReloadHistory next(*notes_);  // of the program that goes on
  supervision::action::Notice notice;
  notice.kind = NoticeKind::reload_started;
  notice.generation = 2;
  next.note(notice, "");
  notice.kind = NoticeKind::rollback_started;
  next.note(notice, "worker 1 could not boot");
  EXPECT_EQ(told().size(), 1u);
  ReloadHistory before(*notes_);
  before.upgrade_rolled_back("worker 1 could not boot");
  EXPECT_EQ(told().front(), R"(upgrade null rolled_back "worker 1 could not boot")");

  before.upgrade_asked();
  notice.kind = NoticeKind::reload_started;
  notice.generation = 3;
  next.note(notice, "");
  notice.kind = NoticeKind::reload_finished;
  next.note(notice, "");
  EXPECT_EQ(told().front(), "upgrade 3 done null");
  notice.kind = NoticeKind::reload_started;
  notice.generation = 4;
  next.note(notice, "");
  notice.kind = NoticeKind::reload_finished;
  next.note(notice, "");
  EXPECT_EQ(told().front(), "reload 4 done null");
}

TEST_F(ReloadHistoryTest, KeepsTheLastOnesWhateverTheyWereRefusedFor) {
  for (int i = 0; i < 20; ++i) {
    history_.reload_refused(std::string(100, '"') + std::string(3000, '\x01') + std::to_string(i));
  }
  EXPECT_EQ(told().size(), ipc::ReloadRing::kMaxTexts);
}

}  // namespace
}  // namespace prefork::master
