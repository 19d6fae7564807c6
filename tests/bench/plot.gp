# gnuplot -e "data='plot.dat'; image='bench.png'" plot.gp
set terminal pngcairo size 1000,560 font "Sans,11"
set output image
set title "Server CPU per request (microseconds, lower is better)"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set boxwidth 0.9
set yrange [0:*]
set grid ytics
set key outside right top
set datafile missing "?"
plot for [column=2:6] data using column:xticlabels(1) title columnheader(column)
