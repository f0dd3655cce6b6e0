package clients_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/verigate/verigate/clients"
	"github.com/verigate/verigate/verify"
)

func TestImport(t *testing.T) {
	var issued []clients.Issued
	d := open(t, func(f *clients.File, s *clients.Secrets) {
		var err error
		issued, err = f.Import(strings.NewReader("\ufeffkind,id,facility,portal_username,portal_md5,officers,scopes,rate,key\n"+
			"clinic,clinic-1,01001,01001_BV,,001180000000:Trần Thị Mẫu;001180000001:Lê Văn Mẫu,,,\n"+
			"clinic,clinic-2,01002,01002_BV,"+strings.ToUpper(string(md5Of("known")))+",,,,no\n"+
			"agency,agency-1,,,,,verify batch,7,yes\n"), s, noon.Time())
		if err != nil {
			t.Fatal(err)
		}
	})
	if len(issued) != 3 || issued[0].Password == "" || issued[1].Key != "" || issued[1].Password != "" || issued[2].Username != "" {
		t.Fatalf("%+v", issued)
	}
	c, refusal := d.Login(noon, []byte("01001_bv"), md5Of(issued[0].Password), here)
	if refusal != verify.RefusalNone || d.Officer(c, []byte("001180000001"), []byte("lê văn mẫu")) != verify.Status000 {
		t.Errorf("clinic-1: %q", refusal.Code())
	}
	if _, refusal := d.Login(noon, []byte("01002_BV"), md5Of("known"), here); refusal != verify.RefusalNone {
		t.Errorf("clinic-2: %q", refusal.Code())
	}
	a, refusal := d.Authenticate(noon, []byte(issued[2].Key))
	if refusal != verify.RefusalNone || a.Scopes != verify.ScopeVerify|verify.ScopeBatch || d.Usage(noon, a).Rate != 7 {
		t.Errorf("agency-1: %q", refusal.Code())
	}
}

func TestImportRefuses(t *testing.T) {
	cases := []struct{ name, csv, want string }{
		{"nothing", "", "header row"},
		{"unknown column", "id,kind,colour\n", `column "colour"`},
		{"column twice", "id,kind,id\n", `column "id": given twice`},
		{"no id column", "kind\n", "id and kind are needed"},
		{"kind", "id,kind\na,bank\n", `line 2: kind "bank"`},
		{"too few fields", "id,kind,name\na,clinic\n", "line 2: "},
		{"an id that is there", "id,kind\nb,clinic\nthere,clinic\n", `line 3: id "there"`},
		{"an id twice", "id,kind\na,clinic\na,clinic\n", `line 3: id "a"`},
		{"limit", "id,kind,rate\na,clinic,many\n", `line 2: rate "many"`},
		{"MD5", "id,kind,portal_username,portal_md5\na,clinic,u,zz\n", "line 2: account"},
		{"MD5 of nobody", "id,kind,portal_md5\na,clinic," + strings.Repeat("a", 32) + "\n", "needs a portal_username"},
		{"officers", "id,kind,officers\na,clinic,somebody\n", "number:name"},
		{"officer's number", "id,kind,officers\na,clinic,12x:Somebody\n", "digits"},
		{"key", "id,kind,key\na,clinic,maybe\n", `key "maybe"`},
		{"every fault", "id,kind\nA,clinic\nb,bank\n", "line 3: kind"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := new(clients.File)
			add(t, f, "there", "clinic")
			issued, err := f.Import(strings.NewReader(c.csv), newSecrets(t), noon.Time())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant it to say %s", err, c.want)
			}
			if len(f.Entries) != 1 || issued != nil {
				t.Errorf("%d callers, %d secrets: something was added", len(f.Entries), len(issued))
			}
		})
	}
}

// The whole country at once: read, hashed, written and read back.
func BenchmarkImport13000(b *testing.B) {
	var in strings.Builder
	in.WriteString("id,kind,facility,portal_username,officers,contact\n")
	for i := range 13_000 {
		fmt.Fprintf(&in, "clinic-%05d,clinic,%02d%03d,%05d_BV,%012d:Trần Thị Mẫu,0000 000 000\n", i, i/1000+1, i%1000, i, i)
	}
	for b.Loop() {
		store := newStore(b)
		err := store.Update(b.Context(), func(f *clients.File) error {
			_, err := f.Import(strings.NewReader(in.String()), store.Secrets, noon.Time())
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
