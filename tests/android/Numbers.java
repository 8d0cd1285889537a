import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.StringJoiner;
import kotlin.Pair;
import org.keras.secn.ByteLevels;
import org.keras.secn.Cut;
import org.keras.secn.FloatLevels;
import org.keras.secn.Frame;
import org.keras.secn.PhotoGeometryKt;
import org.keras.secn.TilesKt;
import org.keras.secn.Timings;

/** Answers each line of the input, a function of the app's and its arguments, by a line of numbers. */
final class Numbers {
    public static void main(String[] arguments) {
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            Scanner line = new Scanner(lines.nextLine());
            StringJoiner answer = new StringJoiner(" ");
            switch (line.next()) {
                case "cuts": cuts(line, answer); break;
                case "bytes": bytes(line, answer); break;
                case "floats": floats(line, answer); break;
                case "turn": turn(line, answer); break;
                case "size": size(line, answer); break;
                case "frame": frame(line, answer); break;
                default: times(line, answer);
            }
            System.out.println(answer);
        }
    }

    private static void cuts(Scanner line, StringJoiner answer) {
        for (Cut cut : TilesKt.cuts(line.nextInt(), line.nextInt(), line.nextInt()))
            answer.add(cut.getStart() + " " + cut.getStop() + " " + cut.getFirst() + " " + cut.getLast());
    }

    /** What 256 levels become, and what levels 256 bytes are. */
    private static void bytes(Scanner line, StringJoiner answer) {
        ByteLevels levels = new ByteLevels(line.nextBoolean(), line.nextFloat(), line.nextInt());
        ByteBuffer buffer = ByteBuffer.allocate(256);
        for (int level = 0; level < 256; level++) levels.put(level, buffer);
        for (byte value : buffer.array()) answer.add("" + value);
        for (int value = 0; value < 256; value++) buffer.put(value, (byte) value);
        for (int value = 0; value < 256; value++) answer.add("" + levels.get(buffer, value));
    }

    private static void floats(Scanner line, StringJoiner answer) {
        ByteBuffer buffer = ByteBuffer.allocate(4);
        while (line.hasNextFloat()) {
            buffer.putFloat(0, line.nextFloat());
            answer.add("" + FloatLevels.INSTANCE.get(buffer, 0));
        }
    }

    /** The numbers of a picture's pixels in the order in which the turned one has them. */
    private static void turn(Scanner line, StringJoiner answer) {
        int[] m = PhotoGeometryKt.turn(line.nextInt());
        int width = line.nextInt(), height = line.nextInt();
        int right = m[0] * (width - 1) + m[1] * (height - 1), down = m[2] * (width - 1) + m[3] * (height - 1);
        int turnedWidth = Math.abs(right) + 1;
        int[] turned = new int[width * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                int column = m[0] * x + m[1] * y - Math.min(0, right);
                int row = m[2] * x + m[3] * y - Math.min(0, down);
                turned[row * turnedWidth + column] = y * width + x;
            }
        answer.add("" + turnedWidth);
        for (int pixel : turned) answer.add("" + pixel);
    }

    private static void size(Scanner line, StringJoiner answer) {
        int width = line.nextInt(), height = line.nextInt(), most = line.nextInt();
        Pair<Integer, Integer> fitted = PhotoGeometryKt.fitted(width, height, most);
        answer.add("" + PhotoGeometryKt.sampleSize(width, height, most));
        answer.add(fitted.getFirst() + " " + fitted.getSecond());
    }

    /** Where the picture is and the divider, after both were moved. */
    private static void frame(Scanner line, StringJoiner answer) {
        Frame frame = new Frame(line.nextInt(), line.nextInt(), line.nextInt(), line.nextInt());
        frame.setActual(line.nextBoolean());
        frame.pan(line.nextInt(), line.nextInt());
        frame.moveDivider(line.nextInt());
        answer.add(frame.getLeft() + " " + frame.getTop() + " " + frame.getRight() + " " + frame.getBottom());
        answer.add("" + frame.getDivider());
    }

    private static void times(Scanner line, StringJoiner answer) {
        long opening = line.nextLong(), all = line.nextLong();
        List<Long> tiles = new ArrayList<>();
        while (line.hasNextLong()) tiles.add(line.nextLong());
        List<Pair<String, String>> facts = new ArrayList<>();
        facts.add(new Pair<>("device", "none"));
        answer.add(new Timings(opening, tiles, all).report(facts).replace("\n", "; "));
    }
}
