package nation

// word is a part of names with how often it is drawn: for people born up to 1974, up to 1994, and since.
type word struct {
	text    string
	weights [eras]uint64
}

func always(text string, weight uint64) word { return word{text, [eras]uint64{weight, weight, weight}} }

// surnames with their share in a thousand or so; a few of the country's smaller peoples are among them.
var surnames = []word{
	always("Nguyễn", 3150), always("Trần", 1090), always("Lê", 880), always("Phạm", 620), always("Hoàng", 360),
	always("Huỳnh", 290), always("Phan", 320), always("Vũ", 270), always("Võ", 250), always("Đặng", 230), always("Bùi", 220),
	always("Đỗ", 190), always("Hồ", 150), always("Ngô", 140), always("Dương", 120), always("Đinh", 100), always("Lý", 85),
	always("Trương", 150), always("Đào", 75), always("Đoàn", 75), always("Mai", 65), always("Trịnh", 75), always("Lâm", 65),
	always("Hà", 60), always("Cao", 55), always("Lương", 60), always("Tạ", 40), always("Phùng", 45), always("Châu", 30),
	always("Tô", 35), always("Thái", 30), always("Kiều", 18), always("Chu", 28), always("Quách", 20), always("La", 14),
	always("Nông", 24), always("Hứa", 16), always("Triệu", 24), always("Ma", 14), always("Lò", 30), always("Vàng", 18),
	always("Giàng", 20), always("Sùng", 14), always("Thạch", 22), always("Danh", 14), always("Kim", 16), always("Sơn", 10),
	always("Quàng", 12), always("Cầm", 8), always("Tòng", 8), always("Bàn", 10), always("Phó", 3), always("Từ", 12),
	always("Văn", 10), always("Viên", 4), always("Ông", 3), always("Thân", 8), always("Tống", 12), always("Nghiêm", 8),
	always("Doãn", 7), always("Khuất", 5), always("Âu", 4), always("Ninh", 8), always("Lưu", 32), always("Tăng", 10),
	always("Bạch", 10), always("Đàm", 12), always("Hồng", 4), always("H'", 3), always("Siu", 5), always("Rơ Châm", 4),
	always("Niê", 5), always("Bá", 2), always("Giáp", 6), always("Mạc", 6), always("Cù", 4), always("Ksor", 4),
}

var maleMiddles = []word{
	{"Văn", [eras]uint64{560, 300, 110}}, {"Đức", [eras]uint64{40, 60, 70}}, {"Hữu", [eras]uint64{45, 50, 40}},
	{"Minh", [eras]uint64{25, 55, 95}}, {"Quang", [eras]uint64{30, 45, 50}}, {"Thanh", [eras]uint64{40, 55, 45}},
	{"Công", [eras]uint64{25, 35, 35}}, {"Xuân", [eras]uint64{35, 30, 15}}, {"Ngọc", [eras]uint64{30, 40, 45}},
	{"Hoàng", [eras]uint64{10, 40, 75}}, {"Quốc", [eras]uint64{20, 40, 60}}, {"Đình", [eras]uint64{35, 40, 30}},
	{"Anh", [eras]uint64{4, 20, 45}}, {"Gia", [eras]uint64{3, 8, 75}}, {"Tuấn", [eras]uint64{5, 20, 45}},
	{"Thành", [eras]uint64{10, 20, 30}}, {"Bá", [eras]uint64{15, 14, 12}}, {"Duy", [eras]uint64{6, 22, 45}},
	{"Trọng", [eras]uint64{12, 18, 20}}, {"Tấn", [eras]uint64{14, 16, 20}}, {"Nhật", [eras]uint64{2, 8, 30}},
	{"Thế", [eras]uint64{20, 22, 15}}, {"Viết", [eras]uint64{12, 12, 8}}, {"Mạnh", [eras]uint64{8, 18, 20}},
	{"Khắc", [eras]uint64{7, 8, 6}}, {"Bảo", [eras]uint64{2, 8, 25}}, {"Phúc", [eras]uint64{3, 8, 20}},
	{"Chí", [eras]uint64{10, 14, 14}}, {"Trung", [eras]uint64{8, 14, 15}}, {"Hải", [eras]uint64{4, 8, 12}},
}

var femaleMiddles = []word{
	{"Thị", [eras]uint64{760, 520, 190}}, {"Ngọc", [eras]uint64{40, 65, 105}}, {"Thanh", [eras]uint64{25, 45, 55}},
	{"Thu", [eras]uint64{15, 35, 25}}, {"Kim", [eras]uint64{35, 35, 30}}, {"Bích", [eras]uint64{15, 25, 15}},
	{"Hồng", [eras]uint64{15, 22, 18}}, {"Minh", [eras]uint64{6, 18, 40}}, {"Phương", [eras]uint64{4, 22, 50}},
	{"Quỳnh", [eras]uint64{2, 12, 38}}, {"Khánh", [eras]uint64{2, 8, 40}}, {"Bảo", [eras]uint64{1, 5, 45}},
	{"Thùy", [eras]uint64{4, 22, 35}}, {"Mỹ", [eras]uint64{15, 22, 25}}, {"Như", [eras]uint64{2, 8, 30}},
	{"Diệu", [eras]uint64{4, 8, 12}}, {"Hoài", [eras]uint64{2, 10, 10}}, {"Tuyết", [eras]uint64{8, 10, 4}},
	{"Hà", [eras]uint64{1, 5, 18}}, {"Gia", [eras]uint64{1, 2, 35}}, {"Ánh", [eras]uint64{3, 10, 15}},
	{"Cẩm", [eras]uint64{5, 10, 8}}, {"Lan", [eras]uint64{3, 8, 14}}, {"Xuân", [eras]uint64{8, 8, 6}},
	{"Trúc", [eras]uint64{1, 4, 14}}, {"Yến", [eras]uint64{1, 5, 12}}, {"Tường", [eras]uint64{1, 2, 8}},
	{"Hoàng", [eras]uint64{1, 6, 18}}, {"An", [eras]uint64{1, 1, 12}}, {"Diễm", [eras]uint64{3, 8, 6}},
}

var maleGivens = []word{
	{"Hùng", [eras]uint64{90, 50, 12}}, {"Dũng", [eras]uint64{75, 50, 22}}, {"Cường", [eras]uint64{35, 50, 25}},
	{"Tuấn", [eras]uint64{45, 80, 35}}, {"Hải", [eras]uint64{45, 50, 25}}, {"Minh", [eras]uint64{45, 45, 75}},
	{"Sơn", [eras]uint64{50, 45, 28}}, {"Nam", [eras]uint64{30, 50, 50}}, {"Long", [eras]uint64{30, 40, 45}},
	{"Hòa", [eras]uint64{45, 25, 8}}, {"Thành", [eras]uint64{45, 50, 30}}, {"Bình", [eras]uint64{55, 30, 15}},
	{"Quân", [eras]uint64{10, 28, 45}}, {"Huy", [eras]uint64{5, 40, 70}}, {"Hoàng", [eras]uint64{15, 40, 48}},
	{"Khang", [eras]uint64{3, 8, 55}}, {"Phúc", [eras]uint64{12, 25, 55}}, {"Bảo", [eras]uint64{8, 16, 45}},
	{"Đạt", [eras]uint64{8, 35, 50}}, {"Khánh", [eras]uint64{15, 22, 32}}, {"Khoa", [eras]uint64{6, 22, 48}},
	{"Anh", [eras]uint64{15, 35, 55}}, {"Đức", [eras]uint64{30, 45, 45}}, {"Trung", [eras]uint64{30, 42, 25}},
	{"Kiên", [eras]uint64{10, 28, 35}}, {"Thắng", [eras]uint64{35, 38, 20}}, {"Tâm", [eras]uint64{30, 22, 18}},
	{"Tài", [eras]uint64{20, 28, 22}}, {"Lộc", [eras]uint64{18, 20, 22}}, {"Phong", [eras]uint64{12, 25, 38}},
	{"Việt", [eras]uint64{15, 25, 28}}, {"Quang", [eras]uint64{30, 32, 22}}, {"Vinh", [eras]uint64{20, 22, 25}},
	{"Hiếu", [eras]uint64{15, 38, 42}}, {"Trí", [eras]uint64{10, 18, 25}}, {"Toàn", [eras]uint64{20, 28, 15}},
	{"Tùng", [eras]uint64{12, 38, 22}}, {"Lâm", [eras]uint64{22, 22, 25}}, {"Thái", [eras]uint64{18, 25, 15}},
	{"Phát", [eras]uint64{8, 14, 32}}, {"Nghĩa", [eras]uint64{18, 18, 15}}, {"Thịnh", [eras]uint64{12, 16, 28}},
	{"Khôi", [eras]uint64{3, 6, 35}}, {"Duy", [eras]uint64{6, 22, 25}}, {"Tiến", [eras]uint64{30, 30, 22}},
	{"Linh", [eras]uint64{10, 15, 8}}, {"Hậu", [eras]uint64{18, 18, 12}}, {"Tú", [eras]uint64{8, 22, 20}},
	{"Thanh", [eras]uint64{45, 20, 8}}, {"Chiến", [eras]uint64{25, 18, 8}}, {"Lợi", [eras]uint64{22, 12, 6}},
	{"Mạnh", [eras]uint64{18, 25, 22}}, {"Phương", [eras]uint64{20, 14, 6}}, {"Quý", [eras]uint64{18, 16, 15}},
	{"Thuận", [eras]uint64{18, 16, 10}}, {"Tân", [eras]uint64{20, 16, 12}}, {"Xuân", [eras]uint64{22, 6, 3}},
	{"Út", [eras]uint64{16, 5, 1}}, {"Sáu", [eras]uint64{14, 3, 1}}, {"Bảy", [eras]uint64{12, 2, 1}}, {"Ba", [eras]uint64{12, 2, 1}},
	{"Đông", [eras]uint64{16, 14, 8}}, {"Hưng", [eras]uint64{14, 25, 32}}, {"Luân", [eras]uint64{6, 12, 12}},
	{"Thọ", [eras]uint64{18, 8, 4}}, {"Trường", [eras]uint64{12, 25, 25}}, {"Vũ", [eras]uint64{8, 22, 20}},
	{"Nhân", [eras]uint64{12, 16, 25}}, {"Kiệt", [eras]uint64{4, 12, 30}}, {"Hào", [eras]uint64{5, 12, 20}},
	{"Khải", [eras]uint64{5, 8, 18}}, {"Nguyên", [eras]uint64{6, 18, 35}}, {"Thiện", [eras]uint64{10, 14, 22}},
	{"Quyết", [eras]uint64{10, 14, 10}}, {"Ngọc", [eras]uint64{14, 10, 6}}, {"Hoan", [eras]uint64{8, 5, 2}},
	{"Khoẻ", [eras]uint64{4, 2, 1}}, {"Đoàn", [eras]uint64{5, 5, 2}}, {"Giang", [eras]uint64{12, 22, 18}},
}

var femaleGivens = []word{
	{"Hương", [eras]uint64{50, 55, 18}}, {"Lan", [eras]uint64{65, 40, 22}}, {"Hoa", [eras]uint64{70, 35, 12}},
	{"Hồng", [eras]uint64{50, 30, 12}}, {"Hà", [eras]uint64{35, 50, 40}}, {"Linh", [eras]uint64{8, 55, 75}},
	{"Trang", [eras]uint64{10, 60, 60}}, {"Thảo", [eras]uint64{15, 55, 55}}, {"Anh", [eras]uint64{15, 45, 85}},
	{"Ngọc", [eras]uint64{25, 40, 50}}, {"Mai", [eras]uint64{40, 38, 38}}, {"Nga", [eras]uint64{45, 38, 12}},
	{"Hằng", [eras]uint64{25, 48, 25}}, {"Thủy", [eras]uint64{38, 42, 12}}, {"Thúy", [eras]uint64{25, 32, 15}},
	{"Dung", [eras]uint64{38, 35, 14}}, {"Yến", [eras]uint64{20, 32, 30}}, {"Nhung", [eras]uint64{20, 38, 20}},
	{"Oanh", [eras]uint64{20, 25, 15}}, {"Tuyết", [eras]uint64{40, 18, 6}}, {"Phượng", [eras]uint64{30, 25, 12}},
	{"Phương", [eras]uint64{25, 50, 48}}, {"Thu", [eras]uint64{40, 32, 16}}, {"Tâm", [eras]uint64{35, 28, 20}},
	{"Liên", [eras]uint64{45, 22, 8}}, {"Loan", [eras]uint64{38, 30, 10}}, {"Bích", [eras]uint64{18, 18, 8}},
	{"Vân", [eras]uint64{32, 32, 22}}, {"Hiền", [eras]uint64{38, 42, 28}}, {"Nguyệt", [eras]uint64{28, 14, 8}},
	{"Xuân", [eras]uint64{30, 14, 6}}, {"Quỳnh", [eras]uint64{6, 25, 38}}, {"Vy", [eras]uint64{2, 18, 60}},
	{"Nhi", [eras]uint64{3, 18, 65}}, {"My", [eras]uint64{3, 20, 45}}, {"Trâm", [eras]uint64{6, 20, 35}},
	{"Chi", [eras]uint64{10, 22, 50}}, {"Ngân", [eras]uint64{10, 28, 55}}, {"Châu", [eras]uint64{10, 18, 38}},
	{"Hân", [eras]uint64{3, 10, 52}}, {"An", [eras]uint64{10, 14, 45}}, {"Thư", [eras]uint64{4, 18, 55}},
	{"Uyên", [eras]uint64{4, 20, 38}}, {"Như", [eras]uint64{4, 16, 38}}, {"Trinh", [eras]uint64{12, 22, 30}},
	{"Duyên", [eras]uint64{12, 25, 25}}, {"Diệp", [eras]uint64{6, 12, 22}}, {"Hạnh", [eras]uint64{38, 38, 15}},
	{"Sen", [eras]uint64{18, 6, 2}}, {"Út", [eras]uint64{16, 6, 1}}, {"Lành", [eras]uint64{14, 5, 1}},
	{"Bé", [eras]uint64{18, 6, 1}}, {"Hai", [eras]uint64{12, 2, 1}}, {"Năm", [eras]uint64{12, 2, 1}}, {"Sáu", [eras]uint64{12, 2, 1}},
	{"Hòa", [eras]uint64{35, 18, 6}}, {"Hoài", [eras]uint64{10, 18, 8}}, {"Tú", [eras]uint64{5, 14, 20}},
	{"Huyền", [eras]uint64{14, 42, 42}}, {"Giang", [eras]uint64{8, 28, 28}}, {"Ánh", [eras]uint64{20, 22, 20}},
	{"Diễm", [eras]uint64{10, 14, 10}}, {"Kiều", [eras]uint64{14, 18, 12}}, {"Thơ", [eras]uint64{8, 10, 14}},
	{"Thoa", [eras]uint64{16, 16, 4}}, {"Khuê", [eras]uint64{3, 5, 12}}, {"Nữ", [eras]uint64{12, 8, 2}},
	{"Mỹ", [eras]uint64{16, 12, 10}}, {"Quyên", [eras]uint64{10, 22, 22}}, {"Tiên", [eras]uint64{8, 18, 30}},
	{"Khoẻ", [eras]uint64{2, 1, 1}}, {"Lý", [eras]uint64{14, 16, 10}}, {"Hậu", [eras]uint64{18, 20, 12}},
	{"Toàn", [eras]uint64{4, 2, 1}}, {"Thùy", [eras]uint64{8, 20, 18}}, {"Hoàn", [eras]uint64{6, 4, 2}},
}
