// What mlx-c needs of C++20's <format>, which GCC has from release 13 on:
// std::format for texts whose only fields are "{}". Given to every file with
// -include, as mlx-c 0.7.0 uses std::format without including anything for it.
#pragma once
#include <version>
#if defined(__cpp_lib_format)
#include <format>
#else
#include <sstream>
#include <string>
#include <string_view>

namespace std {
template <class... Args>
string format(string_view text, const Args&... args) {
  ostringstream out;
  auto put = [&](const auto& arg) {
    auto at = text.find("{}");
    out << text.substr(0, at) << arg;
    text.remove_prefix(at == string_view::npos ? text.size() : at + 2);
  };
  (put(args), ...);
  out << text;
  return out.str();
}
} // namespace std
#endif
