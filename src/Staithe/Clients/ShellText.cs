using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Staithe.Clients;

/// <summary>Text for a POSIX shell, and back.</summary>
internal static class ShellText
{
    // Words of these mean themselves everywhere in a command but at its beginning.
    static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-");
    static readonly HashSet<string> Reserved =
        ["if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "function", "select", "time", "coproc"];
    static readonly SearchValues<char> Operators = SearchValues.Create(";&|<>()\n");
    static readonly SearchValues<char> Expansions = SearchValues.Create("$`*?[~");

    /// <summary>One argument, whatever is in it. Between single quotes a shell reads nothing but the closing one.</summary>
    public static string Quote(string argument) =>
        argument.Length > 0 && !argument.AsSpan().ContainsAnyExcept(Plain) ? argument : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>A command of these arguments, the first of which is a program whatever it is called.</summary>
    public static string Join(IEnumerable<string> arguments) => string.Join(' ', arguments.Select((argument, place) => place == 0 ? QuoteProgram(argument) : Quote(argument)));

    // A shell takes a first word with an equals sign for an assignment, and some for its own, but no word in quotes.
    static string QuoteProgram(string program) =>
        Quote(program) is var quoted && quoted == program && (program.Contains('=', StringComparison.Ordinal) || Reserved.Contains(program)) ? $"'{program}'" : quoted;

    /// <summary>
    /// The words of a command that somebody else wrote. Nothing is expanded or run; what a shell would do beyond cutting it into words is
    /// only told. False when a quote is open at its end.
    /// </summary>
    public static bool TrySplit(string command, [NotNullWhen(true)] out ShellWords? words)
    {
        var found = new List<string>();
        var word = new StringBuilder();
        var (inWord, operators, expansions) = (false, false, false);
        void End()
        {
            if (inWord)
                found.Add(word.ToString());
            word.Clear();
            inWord = false;
        }

        words = null;
        for (var i = 0; i < command.Length; i++)
        {
            var c = command[i];
            switch (c)
            {
                case '\\' when i + 1 < command.Length && command[i + 1] == '\n': // goes on in the next line
                    i++;
                    break;
                case '\\' when i + 1 < command.Length:
                    word.Append(command[++i]);
                    inWord = true;
                    break;
                case '\'' or '"':
                    inWord = true;
                    var end = ReadQuoted(command, i, word, ref expansions);
                    if (end < 0)
                        return false;
                    i = end;
                    break;
                case ' ' or '\t' or '\r':
                    End();
                    break;
                case '#' when !inWord:
                    while (i + 1 < command.Length && command[i + 1] != '\n')
                        i++;
                    break;
                default:
                    if (Operators.Contains(c))
                    {
                        End();
                        operators |= c != '\n' || command[i..].Trim().Length > 0; // a line's end at the very end ends nothing
                        if (c != '\n')
                            found.Add(c.ToString());
                        break;
                    }
                    expansions |= Expansions.Contains(c);
                    word.Append(c);
                    inWord = true;
                    break;
            }
        }
        End();
        words = new ShellWords(found, operators, expansions);
        return true;
    }

    // The place of the closing quote, or -1.
    static int ReadQuoted(string command, int open, StringBuilder word, ref bool expansions)
    {
        var quote = command[open];
        for (var i = open + 1; i < command.Length; i++)
        {
            var c = command[i];
            if (c == quote)
                return i;
            if (quote == '"' && c == '\\' && i + 1 < command.Length && command[i + 1] is ('$' or '`' or '"' or '\\' or '\n'))
            {
                if (command[++i] != '\n')
                    word.Append(command[i]);
                continue;
            }
            expansions |= quote == '"' && c is ('$' or '`');
            word.Append(c);
        }
        return -1;
    }
}

/// <summary>The words of a command.</summary>
/// <param name="HasOperators">True when a shell would run more than this one command, or move its input or output.</param>
/// <param name="HasExpansions">True when a shell would put something else in the place of some of it.</param>
internal sealed record ShellWords(IReadOnlyList<string> Words, bool HasOperators, bool HasExpansions);
