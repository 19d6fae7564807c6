#include "tests/source/class_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace prefork::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ClassShape only_class(std::string_view text) {
  const FileShape shape = scan_classes(text, "a.h");
  EXPECT_EQ(shape.classes.size(), 1U);
  return shape.classes.empty() ? ClassShape{} : shape.classes.front();
}

TEST(ClassScan, NamesAClassWithItsNamespacesAndTheClassAroundIt) {
  const FileShape shape = scan_classes(
      "namespace a::b { class Outer : public Base<int> { struct Inner { int x; }; }; }\n"
      "namespace { struct Local final {}; }",
      "a.cpp");
  ASSERT_EQ(shape.classes.size(), 3U);
  EXPECT_EQ(shape.classes[0].name, "a::b::Outer");
  EXPECT_EQ(shape.classes[1].name, "a::b::Outer::Inner");
  EXPECT_EQ(shape.classes[2].name, "(a.cpp)::Local");
}

TEST(ClassScan, CountsDeclaredAndInlineFunctions) {
  const ClassShape shape = only_class(R"(
    class A {
     public:
      explicit A(int x) : x_{x}, y_(x) { use({x}); }
      ~A();
      A(const A&) = delete;
      A& operator=(A&&) = default;
      bool operator()(int) const { return true; }
      [[nodiscard]] virtual std::vector<int> all(std::size_t room = 80'000) const = 0;
      template <class T, class U = void>
      static void each(T&& t) {}

     private:
      int x_;
      int y_ = 0;
    };)");
  EXPECT_EQ(shape.functions, 5);
  EXPECT_EQ(shape.data_members, 2);
}

TEST(ClassScan, CountsDataMembersWhateverTheirTypeAndInitializer) {
  const ClassShape shape = only_class(R"(
    struct A {
      static constexpr int kLimit = 3;
      using Call = std::function<void(int)>;
      enum class State { idle, busy };
      class Later;
      Call call;
      std::function<void(int, int)> on_end = [](int, int) { return; };
      std::map<int, std::pair<int, int>> map{{1, {2, 3}}};
      void (*release)(void*) = nullptr;
      alignas(64) std::atomic<int> counter{0};
      int first, second;
      const char* text = "}; int no;";  // int neither;
    };)");
  EXPECT_EQ(shape.functions, 0);
  EXPECT_EQ(shape.data_members, 8);
}

TEST(ClassScan, FindsFriendsThatAreClassesButNotFunctions) {
  const ClassShape shape = only_class(R"(
    class A {
      friend class Other;
      friend void show(const A&);
      friend bool operator==(const A&, const A&) = default;
    };)");
  EXPECT_THAT(shape.friends, ElementsAre("Other"));
  EXPECT_EQ(shape.functions, 0);
}

TEST(ClassScan, FindsFunctionsDefinedOutsideTheirClass) {
  const FileShape shape = scan_classes(R"(
    #define NOT_THIS(x) \
      void Macro::f() {}
    namespace n {
    A::A(int x) : x_{x} { if (x) { g(); } }
    A::~A() = default;
    net::Result A::Inner::read(char* to) const { return {to}; }
    bool operator==(const A&, const A&) { return true; }
    template <class T>
    T List<T>::front() { return first_; }
    void free_function() {}
    std::string_view kName = "x";
    }  // namespace n
    )",
                                       "a.cpp");
  EXPECT_THAT(shape.classes, IsEmpty());
  EXPECT_THAT(shape.defined_outside, ElementsAre("n::A", "n::A::Inner", "n::List"));
}

}  // namespace
}  // namespace prefork::test
