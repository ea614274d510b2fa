#!/bin/sh
# How the lab shows the progress of long steps, and what it removes.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# Each call returns a time that is a minute later.
mkdir "$scratch/bin"
cat >"$scratch/bin/date" <<'DATE'
#!/bin/sh
echo x >>"$0.calls"
echo $(($(wc -l <"$0.calls") * 60))
DATE
chmod +x "$scratch/bin/date"

# shown EXPECTED COUNT: the output of a step that compiles COUNT objects, and then another one
shown() {
	# shellcheck disable=SC2016 # text for another shell
	PATH=$scratch/bin:$PATH sh -c 'set -eu; top=$1 build=$2 wanted=$3 count=$4
		. "$top/tools/lab.d/common.sh"
		objects() {
			for object in $(seq "$count"); do
				echo "  CC      $object.o"
			done
		}
		expected=$wanted
		step first objects
		step second objects' sh "$top" "$scratch/steps" "$1" "$2" 2>&1 |
		sed 's/ *[0-9]*:[0-9][0-9]//'
}
plain='lab: first  40 objects
lab: second  32 objects…
lab: second  40 objects'
is "$(shown 50 40)" "lab: first  32 of about 50 objects…
$plain" 'a step shows how many of how many objects are compiled, if that is known'
is "$(shown '' 40)" "lab: first  32 objects…
$plain" 'and else how many'
is "$(shown 20 40)" "lab: first  32 objects…
$plain" 'nor does it say so of more than were expected'
is "$(shown 3 0)" 'lab: first
lab: second' 'or of none'

# What make says that it would compile
mkdir "$scratch/module"
echo 'obj-m := one.o two.o
two-y := a.o b.o' >"$scratch/module/Kbuild"
for name in one a b; do
	echo "int $name;" >"$scratch/module/$name.c"
done
echo 'MODULE_LICENSE("GPL");' | tee -a "$scratch/module/one.c" >>"$scratch/module/a.c"
sed -i '1i #include <linux/module.h>' "$scratch/module/one.c" "$scratch/module/a.c"
# kbuild FUNCTION: of kernel.sh, on that module
kbuild() {
	# shellcheck disable=SC2016 # text for another shell
	sh -c 'top=$1 build=$2 function=$3 module=$4
		. "$top/tools/lab.d/kernel.sh"
		$function "$build/linux" "$build/linux/out" M="$module" modules' sh \
		"$top" "$(cd "$build" && pwd -P)" "$1" "$scratch/module"
}
is "$(kbuild count_objects)" 3 'a module of one file and one of two: three objects are to be compiled'
kbuild run_kbuild >"$scratch/log" 2>&1
report $? 'they are' || diag "$(cat "$scratch/log")"
is "$(kbuild count_objects)" '' 'then, none'
echo 'int more;' >>"$scratch/module/b.c"
is "$(kbuild count_objects)" 1 'and after one was edited, one'

# What it removes

# clean FOLDER: leaves the status in $status and standard error in $errors
clean() {
	errors=$(LAB_BUILD=$1 lab clean 2>&1)
	status=$?
}
mkdir "$scratch/home"
echo precious >"$scratch/home/file"
clean "$scratch/home"
is "$status:$errors" "1:lab: clean: $scratch/home has no .lab-build: expected a folder that tools/lab has made; remove it yourself" \
	'clean refuses a folder that it has not made'
is "$(cat "$scratch/home/file")" precious 'and leaves it alone'
# shellcheck disable=SC2016 # text for another shell
in_folder='build=$1; . "$2/tools/lab.d/common.sh"; step name true'
sh -c "$in_folder" sh "$scratch/home" "$top" 2>/dev/null
clean "$scratch/home"
is "$status:$(cat "$scratch/home/file")" 1:precious 'nor one that had other things when the lab came'
mkdir "$scratch/empty"
for folder in "$scratch/new" "$scratch/empty"; do
	sh -c "$in_folder" sh "$folder" "$top" 2>/dev/null
	ok 'the lab has built there' test -f "$folder/log/name.log"
	clean "$folder"
	is "$status:$errors" 0: 'clean removes what the lab has made'
	not_ok 'all of it' test -e "$folder"
done
clean "$scratch/nothing"
is "$status:$errors" 0: 'and has nothing against what is not there'
done_testing
