// <prefork/json.hpp>: requests as the layer below gives them, without a server.
#include <gtest/gtest.h>

#include <prefork/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace prefork {
namespace {

struct Customer {
  std::string name;
  int age = 0;
};
void from_json(const nlohmann::json& json, Customer& customer) {
  json.at("name").get_to(customer.name);
  json.at("age").get_to(customer.age);
}
struct Purchase {
  int id = 0;
  Customer customer;
  bool gift = false;
};
void from_json(const nlohmann::json& json, Purchase& purchase) {
  json.at("id").get_to(purchase.id);
  json.at("customer").get_to(purchase.customer);
  purchase.gift = json.value("gift", false);
}
void to_json(nlohmann::json& json, const Customer& customer) {
  json = {{"name", customer.name}, {"age", customer.age}};
}

// A request with that content.
class WithContent {
 public:
  explicit WithContent(std::string_view body, std::string_view type = "application/json") {
    api_.size = sizeof api_;
    field_ = {detail::text("content-type"), detail::text(type)};
    native_.size = sizeof native_;
    native_.body = detail::text(body);
    native_.fields = &field_;
    native_.field_count = type.empty() ? 0 : 1;
  }
  [[nodiscard]] Request get() const { return {api_, native_}; }

 private:
  prefork_api api_{};
  prefork_field field_{};
  prefork_request native_{};
};

template <typename Value>
std::string refusal_of(std::string_view body, std::string_view type = "application/json") {
  const WithContent content(body, type);
  try {
    content.get().json<Value>();
    return "";
  } catch (const Error& error) {
    return std::to_string(error.status()) + " " + error.what();
  }
}

TEST(Json, ReadsValuesAndTypes) {
  const WithContent content(R"({"id":7,"customer":{"name":"you","age":30},"gift":true})");
  EXPECT_EQ(content.get().json()["customer"]["name"], "you");
  const auto purchase = content.get().json<Purchase>();
  EXPECT_EQ(purchase.customer.age, 30);
  EXPECT_TRUE(purchase.gift);
  EXPECT_EQ(WithContent("[1,2]").get().json<std::vector<int>>(), (std::vector<int>{1, 2}));
}

TEST(Json, NamesTheMemberThatIsWrong) {
  EXPECT_EQ(refusal_of<Purchase>(R"({"id":7,"customer":{"name":"you","age":"30"},"gift":true})"),
            "400 member 'customer.age': type must be number, but is string");
  EXPECT_EQ(refusal_of<Purchase>(R"({"id":7,"customer":{"name":1,"age":30}})"),
            "400 member 'customer.name': type must be string, but is number");
  EXPECT_EQ(refusal_of<Purchase>(R"({"id":7,"customer":{"name":"you","age":1},"gift":"no"})"),
            "400 member 'gift': type must be boolean, but is string");
  EXPECT_EQ(refusal_of<Purchase>(R"({"id":[],"more":1,"customer":{"name":"you","age":1}})"),
            "400 member 'id': type must be number, but is array");
  EXPECT_EQ(refusal_of<Purchase>(R"({"id":7})"), "400 key 'customer' not found");
  EXPECT_EQ(refusal_of<int>(R"("x")"), "400 type must be number, but is string");
  EXPECT_EQ(refusal_of<Purchase>("[1]"), "400 the content has to be a JSON object, not array");
}

TEST(Json, SaysWhereItDoesNotParse) {
  EXPECT_EQ(refusal_of<nlohmann::json>("[1,\n2,\n x]"),
            "400 the content is no JSON at line 3, column 2");
  EXPECT_EQ(refusal_of<nlohmann::json>(""), "400 the content is empty, and has to be JSON");
}

TEST(Json, IsNotDeeperThanItsReadersStack) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(refusal_of<nlohmann::json>(nested(kMaxJsonDepth)), "");
  EXPECT_EQ(refusal_of<nlohmann::json>(nested(kMaxJsonDepth + 1)),
            "400 the JSON is nested deeper than 128 levels at line 1, column 129");
  EXPECT_EQ(refusal_of<nlohmann::json>("\"\\\"" + std::string(1000, '[') + "\""), "")
      << "those in a text do not count";
}

TEST(Json, HasNumbersThatFit) {
  EXPECT_EQ(refusal_of<nlohmann::json>("{\"a\": 1e308}"), "");
  EXPECT_EQ(refusal_of<nlohmann::json>("{\"a\": 1e400}"),
            "400 the JSON has a number that is too large for a double");
}

TEST(Json, IsRefusedUnderAnotherType) {
  for (const char* type : {"application/json", "APPLICATION/JSON ; charset=x", "a/b+json", ""}) {
    EXPECT_EQ(refusal_of<int>("1", type), "") << type;
  }
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "+json", "json"}) {
    EXPECT_TRUE(refusal_of<int>("1", type).starts_with("415 ")) << type;
  }
}

TEST(Json, WritesValues) {
  EXPECT_EQ(json({{"id", 7}}).body(), R"({"id":7})");
  EXPECT_EQ(json(nlohmann::json::array({1, 2}), 201).status(), 201);
  EXPECT_EQ(json(Customer{"you", 30}).body(), R"({"age":30,"name":"you"})");
  EXPECT_EQ(json(std::vector<int>{1}).body(), "[1]");
  EXPECT_EQ(json(nlohmann::ordered_json{{"b", 1}, {"a", 2}}).body(), R"({"b":1,"a":2})");
  EXPECT_EQ(json({{"name", "\xff"}}).body(), "{\"name\":\"\xef\xbf\xbd\"}");
  EXPECT_EQ(json(R"({"a":1})").body(), R"({"a":1})") << "a text is JSON already";
  EXPECT_EQ(json(std::string("[]")).header("Content-Type"), "application/json");
}

TEST(JsonText, WritesValuesAndTexts) {
  EXPECT_EQ(json_text({{"id", 7}}), R"({"id":7})");
  EXPECT_EQ(json_text({{"name", "tea"}}), R"({"name":"tea"})");
  EXPECT_EQ(json_text({{"id", 7}, {"name", "tea"}}), R"({"id":7,"name":"tea"})");
  EXPECT_EQ(json_text({{"note", nlohmann::json{{"id", 7}}}}), R"({"note":{"id":7}})");
  EXPECT_EQ(json_text(Customer{"you", 30}), R"({"age":30,"name":"you"})");
  EXPECT_EQ(json_text(std::vector<int>{1, 2}), "[1,2]");
  EXPECT_EQ(json_text(7), "7");
  EXPECT_EQ(json_text(nlohmann::ordered_json{{"b", 1}, {"a", 2}}), R"({"b":1,"a":2})");
  EXPECT_EQ(json_text({{"name", "\xff"}}), "{\"name\":\"\xef\xbf\xbd\"}");
  EXPECT_EQ(json_text(nlohmann::json("a\"b")), R"("a\"b")");
}

TEST(JsonText, OfTextsIsThatOfQuote) {
  EXPECT_EQ(json_text("a\"\xff"), R"("a\"\ufffd")");
  EXPECT_EQ(json_text(std::string("[1]")), R"("[1]")");
  EXPECT_EQ(json_text(std::string_view("tea")), R"("tea")");
  EXPECT_EQ(json_text({"team", 3}), R"("tea")") << "a pointer and a size";
  EXPECT_EQ(json_text({}), R"("")");
}

struct Positive {
  int value = 0;
};
void from_json(const nlohmann::json& json, Positive& positive) {
  json.at("value").get_to(positive.value);
  if (positive.value <= 0) {
    throw Error(422, "value: above 0");
  }
}

TEST(Json, PassesOnWhatItsTypesRefuse) {
  EXPECT_EQ(refusal_of<Positive>(R"({"value":1})"), "");
  EXPECT_EQ(refusal_of<Positive>(R"({"value":0})"), "422 value: above 0");
  const WithContent content("{}");
  EXPECT_THROW(content.get().json().at("value"), nlohmann::json::out_of_range) << "a 500";
}

}  // namespace
}  // namespace prefork
