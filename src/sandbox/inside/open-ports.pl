# Opens what stands for ports of this machine within an instance, then goes on as the dialer, which hands it out.
# Perl, because it has done so before a Node has begun: what the function sends meanwhile waits in the queue. Without
# any of its modules, of which one alone takes longer than all the rest.
# Arguments: the program, its file, the address, the ports. Ends as soon as all of them listen.

my ($AF_INET, $SOCK_STREAM, $SOMAXCONN) = (2, 1, 4096); # As Linux has them.

$^F = 1023; # The sockets are for the dialer: exec must not close them.
my ($program, $file, $address, @ports) = @ARGV;
my $host = pack 'C4', split /\./, $address;
my @open;
my @named = map {
    my $isOpen = socket my $socket, $AF_INET, $SOCK_STREAM, 0;
    $isOpen &&= bind($socket, pack('S n a4 x8', $AF_INET, $_, $host)) && listen($socket, $SOMAXCONN);
    push @open, $socket;
    $isOpen ? "$_:" . fileno($socket) : $_; # The dialer tries again, and tells why not.
} @ports;
exit if fork;
exec $program, $file, $address, @named;
