using System.CommandLine;

namespace MediaRelay.Server.Commands;

/// <summary>
/// The command line's root. To add a command: write <c>XCommand.cs</c> beside this file with a static <c>Create()</c>
/// that returns a <see cref="Command"/> with a description and examples, then add one line below.
/// </summary>
internal static class Root
{
    public static RootCommand Create() => new("MediaRelay: media, NAT traversal, signaling and QoS for home security, monitoring and automation.")
    {
    };
}
