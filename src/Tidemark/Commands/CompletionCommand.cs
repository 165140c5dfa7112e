using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands;

/// <summary>Prints what a shell needs to complete our commands; the words themselves come from the parser's <c>[suggest]</c> directive.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _tidemark() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2> /dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _tidemark tidemark ./tidemark
        """;

    private const string Zsh = """
        _tidemark() {
          local -a words_found
          words_found=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2> /dev/null)}")
          compadd -- $words_found
          _files
        }
        compdef _tidemark tidemark ./tidemark
        """;

    public static Command Define()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash or zsh." };
        shell.OneOf("bash", "zsh");
        var command = new ExampledCommand("completion", "Print a script that teaches your shell to complete tidemark's commands.", "source <(tidemark completion bash)", "tidemark completion zsh > ~/.zfunc/_tidemark")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(parsed.GetValue(shell) == "zsh" ? Zsh : Bash);
            return ExitCode.Success;
        });
        return command;
    }
}
