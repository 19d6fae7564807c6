// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>
#include <prefork/form.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// read_form
// Form: value, file
// FormFile: filename, save_to
void define_photos(prefork::App& app) {
  // Of any size: what is large goes into a temporary file.
  app.post("/photos", prefork::upload(1 << 30), [](const prefork::Request& request) {
    const prefork::Form form = prefork::read_form(request, {.file_limit = 100 << 20});
    const prefork::FormFile* const photo = form.file("photo");
    if (photo == nullptr) {
      throw prefork::Error(400, "a photo is missing");
    }
    const int stars = form.value("stars", 0);  // 400 where it is no number
    photo->save_to("photos/" + std::to_string(stars) + "-" + photo->filename());
    return prefork::text(std::string(form.value("title").value_or("untitled")));
  });
}

// Form: values, fields, files
// FormFile: name, raw_filename, content_type, size
prefork::Response list_form(const prefork::Request& request) {
  const prefork::Form form = prefork::read_form(request);
  std::string text = std::to_string(form.values("tag").size()) + " tags\n";
  for (const prefork::FormField& field : form.fields()) {
    text.append(field.name).append(" is ").append(field.value).append("\n");
  }
  for (const prefork::FormFile& file : form.files()) {
    text.append(file.name()).append(", ").append(file.raw_filename()).append(", ");
    text.append(file.content_type()).append(", ");
    text.append(std::to_string(file.size())).append(" bytes\n");
  }
  return prefork::text(text);
}

// Form: need, need_file
prefork::Response take_drawing(const prefork::Request& request) {
  const prefork::Form form = prefork::read_form(request);
  const int count = form.need<int>("count");  // 400 where it is missing, or no number
  const prefork::FormFile& drawing = form.need_file("drawing");
  return prefork::text(std::to_string(count) + " " + std::string(form.need("article")) + " as in " +
                       drawing.filename());
}

// FormFile: read, text, is_in_memory, fd
std::string begin_of(const prefork::FormFile& file) {
  if (file.is_in_memory() || file.fd() < 0) {
    return file.text();
  }
  std::array<char, 4096> room;
  const std::size_t got = file.read(0, room);  // from byte 0 on
  return {room.data(), got};
}

// FormFile: view
bool is_png(const prefork::FormFile& file) {
  // Small files are in memory.
  return file.view().value_or(std::string_view()).starts_with("\x89PNG");
}

// read_parts
// Part: name, is_file, filename, raw_filename, content_type, next, read, text
void define_parts(prefork::App& app) {
  // What nobody keeps: each part as it arrives.
  app.post("/forward", prefork::upload(1 << 30), [](const prefork::Request& request) {
    std::string text;
    prefork::read_parts(request, [&text](prefork::Part& part) {
      text.append(part.name()).append(" ");
      if (!part.is_file()) {
        text.append(part.text());
        return;
      }
      text.append(part.filename()).append(" ").append(part.raw_filename());
      text.append(" ").append(part.content_type());
      std::array<char, 16> head;  // a number that says what it is
      std::size_t total = part.read(head);
      for (std::string_view more = part.next(); !more.empty(); more = part.next()) {
        total += more.size();
      }
      text.append(" ").append(std::to_string(total)).append(" bytes\n");
    });
    return text;
  });
}

// safe_filename
std::string place_of(std::string_view told_by_a_client) {
  return "uploads/" + prefork::safe_filename(told_by_a_client);  // "../../a.txt": uploads/a.txt
}
