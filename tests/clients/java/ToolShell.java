import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command line tools one after the other in one virtual machine, whose start takes longer than most of them.
 * A line on the standard input is a class and its arguments with tabs between them. The answer is what the tool printed on either stream, and then a line
 * of the mark below and the code with which its process would have ended. A tool that ends its process stops right there, as in a process of its own.
 */
public final class ToolShell {
    private static final char END = '\u0004';

    private static volatile CompletableFuture<Integer> running;

    public static void main(String[] none) throws Exception {
        PrintStream out = System.out;
        System.setErr(out);
        Exit.setExitProcedure((code, message) -> stop(code));
        Exit.setHaltProcedure((code, message) -> stop(code));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] command = line.split("\t", -1);
            CompletableFuture<Integer> end = new CompletableFuture<>();
            running = end;
            Thread tool = new Thread(() -> end.complete(run(command[0], Arrays.copyOfRange(command, 1, command.length))), command[0]);
            tool.setDaemon(true);
            tool.start();
            out.println("\n" + END + end.get());
            out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private static void stop(int code) {
        running.complete(code);
        while (true) {
            LockSupport.park();
        }
    }

    private static int run(String tool, String[] arguments) {
        try {
            Method main = Class.forName(tool).getMethod("main", String[].class);
            main.invoke(null, (Object) arguments);
            return 0;
        } catch (InvocationTargetException e) {
            e.getCause().printStackTrace();
            return 1;
        } catch (ReflectiveOperationException e) {
            e.printStackTrace();
            return 1;
        }
    }
}
