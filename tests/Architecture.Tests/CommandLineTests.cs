using System.CommandLine;
using System.CommandLine.Help;
using MediaRelay.Server.Commands;

namespace MediaRelay.Architecture.Tests;

/// <summary>The help is complete: every command and option says what it is, every command that does something shows an example.</summary>
public sealed class CommandLineTests
{
    public static TheoryData<string> Commands => [.. All(Root.Create(), "").Select(c => c.Path)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_has_a_description_described_options_and_an_example(string path)
    {
        var command = All(Root.Create(), "").Single(c => c.Path == path).Command;
        Assert.False(string.IsNullOrWhiteSpace(command.Description), $"{path} has no description.");
        Assert.All(command.Options.Where(o => o is not HelpOption and not VersionOption), o => Assert.False(string.IsNullOrWhiteSpace(o.Description), $"{path} {o.Name} has no description."));
        Assert.All(command.Arguments, a => Assert.False(string.IsNullOrWhiteSpace(a.Description), $"{path} {a.Name} has no description."));
        if (command.Action is not null)
        {
            var output = new StringWriter();
            var words = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(0, Root.Create().Parse([.. words, "--help"]).Invoke(new InvocationConfiguration { Output = output }));
            Assert.Contains("mediarelay " + path.Trim(), output.ToString(), StringComparison.Ordinal);
            Assert.Contains("xample", output.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_program_completes_its_own_commands()
    {
        var output = new StringWriter();
        Assert.Equal(0, Root.Create().Parse(["[suggest:3]", "ser"]).Invoke(new InvocationConfiguration { Output = output }));
        Assert.Contains("serve", output.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path)
    {
        yield return (path, command);
        foreach (var child in command.Subcommands.SelectMany(c => All(c, $"{path} {c.Name}")))
        {
            yield return child;
        }
    }
}
