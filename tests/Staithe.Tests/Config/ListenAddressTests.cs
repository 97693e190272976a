using Staithe.Config;

namespace Staithe.Tests.Config;

public class ListenAddressTests
{
    [Theory]
    [InlineData("localhost:5000", "localhost", 5000, true)]
    [InlineData("LocalHost:5000", "localhost", 5000, true)]
    [InlineData("127.0.0.1:5000", "127.0.0.1", 5000, true)]
    [InlineData("127.9.8.7:1", "127.9.8.7", 1, true)]
    [InlineData("127.0.0.1:0", "127.0.0.1", 0, true)]
    [InlineData("[::1]:65535", "::1", 65535, true)]
    [InlineData("[0:0:0:0:0:0:0:1]:0", "::1", 0, true)]
    [InlineData(":5000", "*", 5000, false)]
    [InlineData("*:5000", "*", 5000, false)]
    [InlineData("*:0", "*", 0, false)]
    [InlineData("0.0.0.0:80", "0.0.0.0", 80, false)]
    [InlineData("[::]:80", "::", 80, false)]
    [InlineData("192.168.1.2:5000", "192.168.1.2", 5000, false)]
    [InlineData("128.0.0.1:5000", "128.0.0.1", 5000, false)]
    [InlineData("[2001:DB8::1]:5000", "2001:db8::1", 5000, false)]
    public void Reads(string text, string host, int port, bool loopback)
    {
        var address = ListenAddress.Parse(text);
        Assert.Equal(new ListenAddress(host, port), address);
        Assert.Equal(loopback, address.IsLoopback);
        Assert.Equal(address, ListenAddress.Parse(address.ToString()));
    }

    [Theory]
    [InlineData("", "lacks a port")]
    [InlineData("localhost", "lacks a port")]
    [InlineData("5000", "lacks a port")]
    [InlineData("[::1]", "lacks a port")]
    [InlineData("http://localhost:5000", "a URL is not an address")]
    [InlineData("::1:5000", "brackets")]
    [InlineData("localhost:0", "two addresses")]
    [InlineData("localhost:", "the port is not a number from 0 to 65535")]
    [InlineData("localhost:65536", "the port is not a number from 0 to 65535")]
    [InlineData("localhost:-1", "the port is not a number from 0 to 65535")]
    [InlineData("localhost: 80", "the port is not a number from 0 to 65535")]
    [InlineData("localhost:5000/", "the port is not a number from 0 to 65535")]
    [InlineData("localhost:99999999999999", "the port is not a number from 0 to 65535")]
    [InlineData("registry.example.org:5000", "other names cannot be listened on")]
    [InlineData("127.1:5000", "other names cannot be listened on")]
    [InlineData("1:5000", "other names cannot be listened on")]
    [InlineData("010.0.0.1:5000", "other names cannot be listened on")]
    [InlineData("[127.0.0.1]:5000", "other names cannot be listened on")]
    [InlineData("[]:5000", "other names cannot be listened on")]
    [InlineData(" :5000", "other names cannot be listened on")]
    public void Refuses(string text, string reason) => Assert.Contains(reason, Assert.Throws<FormatException>(() => ListenAddress.Parse(text)).Message, StringComparison.Ordinal);
}
